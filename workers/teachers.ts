import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createTeacherLedger, type TeacherLedger } from '../activities/teacher/ledger.js';
import { createFileSystemObjectStore } from '../adapters/object-store/file-system.js';
import { createOpenAiTeacher } from '../adapters/teacher/openai.js';
import { StageError } from '../contracts/failure.js';
import type { Plan } from '../contracts/plan.js';
import type { ObjectStore } from '../contracts/ports/object-store.js';
import type { Settings } from '../infra/settings.js';

/** The model name of our own rehearsal teacher. Any other name goes to the endpoint, with the key of the environment. */
const REHEARSAL = 'rehearsal';
/** A long answer with images takes a minute at busy hours. */
const TIMEOUT_MS = 180_000;

/** The ledgers of one process. */
export interface Teachers {
  /** Opens the ledger for the teacher that a plan names; one ledger an endpoint, so that equal requests of two runs share one call. */
  ledgerFor(plan: Plan, teacherModel: string): TeacherLedger;
  /** Resolves when every call on the wire is answered and filed, or after `SETTLE_MS`. */
  settled(): Promise<void>;
}

/** Most of what the supervisor gives a worker to end in. */
const SETTLE_MS = 60_000;

export function createTeachers(deps: { objects: ObjectStore; settings: Settings }): Teachers {
  const ledgers = new Map<string, TeacherLedger>();
  const { objects } = deps;
  const spool = createFileSystemObjectStore(join(deps.settings.home, 'unfiled-answers'));
  const ledgerFor = (plan: Plan, teacherModel: string): TeacherLedger => {
    const { baseUrl, usdPerMillionInput, usdPerMillionOutput } = plan.teacher;
    const endpoint = teacherModel === REHEARSAL ? rehearsal(deps.settings) : real(deps.settings, baseUrl, teacherModel);
    const prices = {
      ...(usdPerMillionInput === undefined ? {} : { usdPerMillionInput }),
      ...(usdPerMillionOutput === undefined ? {} : { usdPerMillionOutput }),
    };
    const id = JSON.stringify([endpoint.baseUrl, prices]);
    const ledger =
      ledgers.get(id) ??
      createTeacherLedger({ objects, client: createOpenAiTeacher({ ...endpoint, timeoutMs: TIMEOUT_MS }), prices, spool });
    ledgers.set(id, ledger);
    return ledger;
  };
  return {
    ledgerFor,
    settled: async () => void (await Promise.race([Promise.all([...ledgers.values()].map((one) => one.settled())), delay(SETTLE_MS)])),
  };
}

function rehearsal(settings: Settings): { baseUrl: string; apiKey: string } {
  if (settings.teacher.rehearsalUrl !== null) return { baseUrl: settings.teacher.rehearsalUrl, apiKey: REHEARSAL };
  throw new StageError({
    type: 'TeacherRefused',
    message: 'the recipe asks for the rehearsal teacher, and none is known to this worker',
    remedy: '`judo up` starts it and restarts the workers; or set JUDO_TEACHER_URL; or name a real model in teacher.model.',
  });
}

function real(settings: Settings, planned: string | undefined, model: string): { baseUrl?: string; apiKey: string } {
  const apiKey = process.env['OPENAI_API_KEY'];
  if (!apiKey) {
    throw new StageError({
      type: 'TeacherRefused',
      message: `teacher.model is ${model}, and the teacher worker has no OPENAI_API_KEY`,
      remedy:
        'Set OPENAI_API_KEY in the environment of `judo up` (judo down, judo up), then retry the stage; or use teacher.model: rehearsal.',
    });
  }
  const baseUrl = planned ?? settings.teacher.baseUrl;
  return baseUrl === null || baseUrl === undefined ? { apiKey } : { apiKey, baseUrl };
}
