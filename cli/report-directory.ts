import { join } from 'node:path';
import type { Session } from './session.js';

/** A run's report on this machine. */
export interface ReportFiles {
  readonly html: string;
  readonly csv: string;
  readonly summary: unknown;
}

/** Where a run's report lies on this machine. */
export const reportDirectory = (session: Session, run: string): string => join(session.settings.home, 'reports', run);
