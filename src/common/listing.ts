/** Names to look at first; whoever has hundreds reads no further. */
const SHOWN = 6;

/** Six names of many, and how many more there are: `a, b and 3 more`. */
export function listed(names: readonly string[], shown = SHOWN): string {
  const more = names.length - shown;
  return `${names.slice(0, shown).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
