import type { TeacherUsage } from '../../contracts/record.js';
import type { LedgerAnswer, TeacherPrices } from './ledger.js';

export interface UsageMeter {
  add(result: LedgerAnswer): void;
  /** True when any answer came from our rehearsal teacher. */
  readonly rehearsal: boolean;
  total(): TeacherUsage;
}

/**
 * Counts what a stage's calls used. Tokens and money are those of paid calls; a filed answer that is younger than
 * `paidSince` (the stage's first attempt) was paid by an earlier attempt of the same stage, and counts as paid.
 */
export function createUsageMeter(options: { model: string; prices: TeacherPrices; paidSince?: Date }): UsageMeter {
  const { model, prices, paidSince } = options;
  const usage = { model, paidCalls: 0, filedCalls: 0, inputTokens: 0, outputTokens: 0, refused: 0, truncated: 0 };
  const seen = new Set<string>();
  let rehearsal = false;
  let real = false;
  return {
    add({ calls }) {
      for (const { answer, paid } of calls) {
        if (answer.rehearsal) rehearsal = true;
        else real = true;
        if (answer.status === 'refused') usage.refused++;
        if (answer.status === 'truncated') usage.truncated++;
        const earlierAttempt = paidSince !== undefined && !seen.has(answer.requestHash) && new Date(answer.answeredAt) >= paidSince;
        seen.add(answer.requestHash);
        if (!paid && !earlierAttempt) {
          usage.filedCalls++;
          continue;
        }
        usage.paidCalls++;
        usage.inputTokens += answer.inputTokens;
        usage.outputTokens += answer.outputTokens;
      }
    },
    get rehearsal() {
      return rehearsal;
    },
    total: () => ({ ...usage, usd: real ? teacherUsd(usage, prices) : 0 }),
  };
}

/** Null when a price is not known. */
export function teacherUsd(tokens: { inputTokens: number; outputTokens: number }, prices: TeacherPrices): number | null {
  const { usdPerMillionInput, usdPerMillionOutput } = prices;
  if (usdPerMillionInput === undefined || usdPerMillionOutput === undefined) return null;
  return (tokens.inputTokens * usdPerMillionInput + tokens.outputTokens * usdPerMillionOutput) / 1e6;
}
