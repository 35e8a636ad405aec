/** What one implementation says of one case. */
export type Outcome = { readonly got: unknown } | { readonly error: string } | { readonly unknown: 'suite' | 'profile' };
