export { pipeline } from './pipeline.js';
export { stage } from './stage.js';
