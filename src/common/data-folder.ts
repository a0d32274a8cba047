import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where what kdad-edge keeps for the user belongs: the folder `kdad-edge` in that of the XDG specification. */
export function dataFolder({ XDG_DATA_HOME: data, HOME: home }: Environment = process.env): string {
  // The specification has relative paths ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  const base = data && isAbsolute(data) ? data : join(home || homedir(), '.local', 'share');
  return join(base, 'kdad-edge');
}
