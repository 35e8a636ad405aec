/** A promise, and what resolves it: a test opens it, and a stage waits for it. */
export function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Looks again until it is true; the test's own time limit ends a wait in vain. */
export async function eventually(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
}
