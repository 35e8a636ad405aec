export { nightly } from './nightly.js';
export { pipeline } from './pipeline.js';
export { stage } from './stage.js';
