// The same types for require(): checked by tsc --strict.
import coseno = require('coseno');

export async function first(): Promise<string | undefined> {
  const engine: coseno.Engine = await coseno.Engine.open('data');
  const { items } = await engine.recommend('ann');
  return items[0]?.item;
}
