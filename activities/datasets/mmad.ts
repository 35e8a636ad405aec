/** Reading a benchmark in the MMAD layout (SPEC section 2): the names that other rooms import. */
export { readMmad, KNOWLEDGE_FILE, type MmadDataset } from './mmad-dataset.js';
export type { DatasetImage, DatasetQuestion } from './mmad-index.js';
export type { DomainKnowledge, DomainSnippet } from './domain-knowledge.js';
export { datasetFiles, DEMO_MARKER } from './dataset-files.js';
export { normalImages, objectClasses, type ObjectClass } from './normal-images.js';
export { selectTrainingImages, type TrainingSelection } from './select-training-images.js';
export { trueCells, trueMask } from './true-cells.js';
export { checkDataset, type DatasetCheck } from './check-dataset.js';
export { problemLine, type DatasetProblem } from './problem.js';
export { drawOutline } from './outline.js';
