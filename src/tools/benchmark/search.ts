/**
 * The largest count from 1 to `most` that holds, for a question whose answer is yes up to some count and no beyond it:
 * doubled until it fails, then halved in between.
 * @returns 0 when not even 1 holds
 */
export async function largest(most: number, holds: (count: number) => Promise<boolean>): Promise<number> {
  let held = 0;
  let failed = most + 1;
  for (let count = 1; failed > held + 1; ) {
    if (await holds(count)) held = count;
    else failed = count;
    count = failed > most ? Math.min(2 * held, most) : Math.floor((held + failed) / 2);
  }
  return held;
}
