import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const reference = /\$(\$)?\{([^}]*)\}/g;

/**
 * Fills in the references of a text: `${NAME}` is a variable of the environment, `${file:PATH}` the contents of a file
 * without the line break at its end. `$${` stands for `${` itself. So a secret need not be in the configuration.
 *
 * @param folder that relative paths start from
 * @throws Error that names what is missing, never what it holds
 */
export function fillReferences(text: string, folder: string, environment: NodeJS.ProcessEnv): string {
  return text.replace(reference, (whole, escaped: string | undefined, name: string) => {
    if (escaped) return whole.slice(1);
    if (name.startsWith('file:')) {
      const path = resolve(folder, name.slice('file:'.length));
      return refuseUnseen(readSecret(path), path);
    }
    const value = environment[name];
    if (value === undefined) throw new Error(`the environment has no variable ${name}`);
    return value;
  });
}

/** A small file's text without the line break at its end. */
export function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/**
 * Refuses what nobody sees in an editor, and no broker or camera forgives.
 * @returns the secret as it is
 * @throws Error that names the file, never what it holds
 */
export function refuseUnseen(secret: string, path: string): string {
  const wrong = unseen.find(([pattern]) => pattern.test(secret))?.[1];
  if (wrong === undefined) return secret;
  throw new Error(
    `${path}: ${wrong}; expected one line and nothing else. If it is meant so, write it in the configuration, in quotes`,
  );
}

const unseen: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'it is empty'],
  [/^\ufeff/, 'it begins with a byte order mark'],
  [/\ufffd|\0/, 'it is no UTF-8 text'],
  [/[\r\n]/, 'it has more than one line'],
  [/\s$/, 'it ends with a blank'],
  [/^\s/, 'it begins with a blank'],
];
