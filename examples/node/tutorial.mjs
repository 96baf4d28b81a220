// The job of the tutorial that coseno grew from: a JSON matrix in, recommendations out.
//
//   node tutorial.mjs [RATINGS]
import { fit, readRatings } from 'coseno';

const kMatrix = {
  user1: { movie1: 5, movie2: 4, movie3: 5, movie5: 1 },
  user2: { movie1: 4, movie3: 5, movie4: 4 },
  user3: { movie2: 1, movie5: 5, movie6: 4 },
  user4: { movie1: 1, movie5: 4, movie6: 5 },
};

const ratings = await readRatings(process.argv[2] ?? kMatrix);
const model = await fit('biased_mf', ratings);
const user = ratings.user(0);
console.log(`${user} by score:`, await model.recommend(user, { k: 3 }));
console.log(`${user} by cosine:`, await model.recommend(user, { k: 3, by: 'cosine' }));
