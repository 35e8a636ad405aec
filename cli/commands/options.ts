import { InvalidArgumentError, Option } from 'commander';

/** `-o json`, the same for every command that prints data. A word it does not know is refused, never ignored. */
export function outputOption(description = 'json: one document'): Option {
  return new Option('-o, --output <format>', description).choices(['json']);
}

/** Reads an option's value as a whole number. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

/** Reads an option's value as a whole number above zero. */
export function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('Give a number above zero.');
  return number;
}
