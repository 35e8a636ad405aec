import { z } from 'zod';

/** What every stage that asks the teacher reads. `teacherModel` is filled from the recipe's `teacher.model`. */
export const teacherParams = {
  teacherModel: z.string().min(1).default('rehearsal'),
  temperature: z.number().min(0).max(2).default(0.7),
  maxOutputTokens: z.int().positive().default(1024),
} as const;

/** A `salt` that begins so reaches the teacher's requests too: nothing filed answers them, and every call is paid. */
export const FRESH_TEACHER = 'fresh-teacher ';

/** What every stage reads that draws at random, or that a nightly full rerun must repeat. Filled from the recipe. */
export const runParams = {
  seed: z.int().nonnegative().default(0),
  /** A nightly full rerun puts its date here, so that every key is new. Empty otherwise. */
  salt: z.string().default(''),
} as const;

/** Which benchmark images a run trains on: the first `imagesPerDefect` (in a seeded order) of each class and defect folder. */
export const selectionParams = {
  /** JUDO: one image a (class, defect) of MMAD = 293 images (SPEC 4). */
  imagesPerDefect: z.int().positive().default(1),
  /** Normal images a class beside them. JUDO's Stage 3 rows hold one normal image a class. */
  normalsPerClass: z.int().nonnegative().default(1),
} as const;

/** Mask to cells, SPEC 3. */
export const gridParams = {
  coverageThreshold: z.number().min(0).max(1).default(0.02),
  fallbackAnyPixel: z.boolean().default(true),
} as const;
