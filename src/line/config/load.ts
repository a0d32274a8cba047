import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { bearerToken } from '../observability/bearer.js';
import { describeIssue, type Problem } from './problems.js';
import { fillReferences, readSecret, refuseUnseen } from './references.js';
import { type Config, configSchema } from './schema.js';
import { parseSource, refuseAny, type Source } from './source.js';

/** Characters of a configuration: ten thousand cameras take less. */
const LONGEST = 1_000_000;

/**
 * Reads a configuration: YAML, in which `${NAME}` and `${file:PATH}` stand for values from elsewhere (references.ts).
 * Paths in it are relative to its folder; `mqtt.passwordFile` is read into `mqtt.password`, `http.tokenFile` into
 * `http.token`.
 *
 * @param findMore looks for what the schema cannot know, say files that are missing; what it finds is told with the
 *   rest
 * @throws KdadError CONFIG_INVALID with every error at once, each with its line, what was found and what was expected
 */
export async function loadConfig(
  file: string,
  environment: NodeJS.ProcessEnv = process.env,
  findMore: (config: Config) => Promise<Problem[]> = async () => [],
): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new KdadError('CONFIG_INVALID', `${file}: cannot be read: ${error.message}`, { cause: error });
  });
  if (text.length > LONGEST) {
    throw new KdadError('CONFIG_INVALID', `${file}:1:1: ${text.length} characters; expected at most ${LONGEST}`);
  }
  const source = parseSource(text, file);
  const folder = dirname(resolve(file));
  const problems: Problem[] = [];
  const filled = fill(source.value, [], (value, path) => {
    try {
      return fillReferences(value, folder, environment);
    } catch (error) {
      problems.push({ path, text: (error as Error).message });
      return value;
    }
  });
  const result = configSchema.safeParse(filled);
  if (!result.success) problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, source.value)));
  refuseIf(problems, source);
  const config = resolvePaths(result.data as Config, folder);
  const { mqtt, http } = config;
  problems.push(...(await findMore(config)));
  const password = secretOf(mqtt?.passwordFile, ['mqtt', 'passwordFile'], problems) ?? mqtt?.password;
  const token = secretOf(http.tokenFile, ['http', 'tokenFile'], problems, asToken);
  refuseIf(problems, source);
  return { ...config, mqtt: mqtt && { ...mqtt, password }, http: { ...http, token } };
}

function refuseIf(problems: readonly Problem[], source: Source): void {
  refuseAny(
    problems.map(({ path, key, text }) => {
      const name = path.map((part) => (typeof part === 'number' ? part + 1 : part)).join('.');
      return { place: () => source.placeOf(path, key), text: `${name ? `${name}: ` : ''}${text}` };
    }),
  );
}

/** A copy of YAML's plain data with every text passed through `change`. */
function fill(
  value: unknown,
  path: readonly PropertyKey[],
  change: (text: string, path: readonly PropertyKey[]) => string,
): unknown {
  if (typeof value === 'string') return change(value, path);
  if (Array.isArray(value)) return value.map((item, i) => fill(item, [...path, i], change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, [...path, key], change)]));
}

/** What a file holds that the key at `path` names. */
function secretOf(
  file: string | undefined,
  path: Problem['path'],
  problems: Problem[],
  check: (secret: string, file: string) => string = refuseUnseen,
): string | undefined {
  if (file === undefined) return undefined;
  try {
    return check(readSecret(file), file);
  } catch (error) {
    problems.push({ path, text: (error as Error).message });
    return undefined;
  }
}

function asToken(secret: string, file: string): string {
  if (bearerToken.test(secret)) return secret;
  throw new Error(`${file}: expected one line of letters, digits and -._~+/ in it, say of openssl rand -hex 32`);
}

function resolvePaths(config: Config, folder: string): Config {
  const { mqtt, http } = config;
  const absolute = <Path extends string | undefined>(path: Path) => (path && resolve(folder, path)) as Path;
  return {
    ...config,
    model: absolute(config.model),
    stateDir: absolute(config.stateDir),
    // A bare name is looked for on the PATH.
    ffmpeg: config.ffmpeg?.includes('/') ? absolute(config.ffmpeg) : config.ffmpeg,
    cameras: config.cameras.map((camera) => {
      const { model, source } = camera;
      const placed = 'path' in source ? { ...source, path: absolute(source.path) } : source;
      return { ...camera, model: absolute(model), source: placed };
    }),
    mqtt: mqtt && {
      ...mqtt,
      passwordFile: absolute(mqtt.passwordFile),
      ca: absolute(mqtt.ca),
      cert: absolute(mqtt.cert),
      key: absolute(mqtt.key),
    },
    http: { ...http, tokenFile: absolute(http.tokenFile) },
  };
}
