import { isDeepStrictEqual } from 'node:util';
import { KdadError } from '../../common/errors.js';
import { listKeys } from './keys.js';
import { type CameraConfig, type Config, waitingInVain } from './schema.js';
import type { Restart } from './values.js';

/** What another configuration means for the one in force. */
export interface Changes {
  /** In force from now on: everything that is new, but for what takes a restart of the daemon. */
  readonly config: Config;
  /** Keys that take effect at once, say `alert.open.k`. */
  readonly applied: readonly string[];
  /** Keys that take effect when the daemon starts again. */
  readonly postponed: readonly string[];
}

const restarts = new Map(listKeys().map(({ name, restart }) => [name, restart]));

/** @throws KdadError CONFIG_INVALID where what takes effect at once needs something that takes a restart */
export function changesBetween(before: Config, after: Config): Changes {
  const keys = changedKeys(before, after);
  const postponed = keys.filter((key) => restartOf(key) === 'daemon');
  const applied = keys.filter((key) => !postponed.includes(key));
  const config = structuredClone(before);
  for (const key of applied) put(config, key.split('.'), after);
  const [camera] = waitingInVain(config);
  if (camera !== undefined) {
    const message = `cameras[${camera}].trigger: command needs mqtt.commands, which takes effect when the daemon starts again: restart it`;
    throw new KdadError('CONFIG_INVALID', message);
  }
  return { config, applied, postponed };
}

/** Whether a camera has to be connected anew for its settings to take effect. */
export function takesReconnection(before: CameraConfig, after: CameraConfig): boolean {
  return changedKeys(before, after, 'cameras[].').some((key) => restartOf(key) !== 'no');
}

/** The keys whose values differ; a section that is on one side only, and a list, count as one. */
function changedKeys(before: unknown, after: unknown, prefix = ''): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isMapping(before) || !isMapping(after)) return [prefix.slice(0, -1)];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => changedKeys(before[name], after[name], `${prefix}${name}.`));
}

/** A key that tells kinds apart is listed with its value; its section speaks for it. */
function restartOf(key: string): Restart {
  return restarts.get(key) ?? restarts.get(key.slice(0, key.lastIndexOf('.'))) ?? 'daemon';
}

function put(target: unknown, [name, ...rest]: string[], source: unknown): void {
  if (!isMapping(target) || !isMapping(source)) return;
  if (rest.length > 0) put(target[name], rest, source[name]);
  else target[name] = source[name];
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
