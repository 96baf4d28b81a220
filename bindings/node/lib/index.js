'use strict';
// CommonJS. index.mjs is the same for `import`.

const errors = require('./errors.js');
const { Engine } = require('./engine.js');
const { Model, evaluate, fit, models, readRatings } = require('./offline.js');

const { errorOf, ...classes } = errors;

module.exports = { Engine, Model, evaluate, fit, models, readRatings, ...classes };
