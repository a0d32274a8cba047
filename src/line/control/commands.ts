import { z } from 'zod';
import { FEWEST_PARTS } from '../../learning/calibration/line-calibration.js';
import { duration } from '../config/duration.js';
import { share } from '../config/share.js';
import { type RelativeThreshold, relativeThreshold } from '../config/threshold.js';

/** A calibration on the line: proposed, put into force, or taken back. */
export interface CalibrationRequest {
  /** Judged parts that it goes by at most, the last ones. */
  readonly parts: number;
  /** A part of 1; what the camera or its model is for otherwise. */
  readonly falseAlarms?: number;
  readonly apply: boolean;
  readonly undo: boolean;
}

/** What the commands do; each throws a KdadError when it fails. What it returns is the result in the reply. */
export interface Actions {
  status(): Promise<object>;
  /** @param model by its name; may be left out where one model judges all cameras */
  activate(version: string, model?: string): Promise<object>;
  /** @param timeout milliseconds */
  trigger(camera: string, timeout: number): Promise<object>;
  /** @param threshold null goes back to the configured one */
  threshold(camera: string, threshold: RelativeThreshold | null): Promise<object>;
  calibrate(camera: string, asked: CalibrationRequest): Promise<object>;
  /** @param duration milliseconds; until `unmute` when absent */
  mute(camera: string, duration?: number): Promise<object>;
  unmute(camera: string): Promise<object>;
}

/** One command: what its payload may hold, and what it does. */
export interface Command {
  readonly payload: z.ZodObject;
  run(actions: Actions, input: unknown, camera: string): Promise<object>;
}

/** Every payload may have it; the reply has it again. */
export const requestId = z.string().min(1).max(128);

const fileName = z.string().min(1).max(255);

function command<Shape extends z.ZodRawShape>(
  shape: Shape,
  run: (actions: Actions, input: z.infer<z.ZodObject<Shape>>, camera: string) => Promise<object>,
): Command {
  const payload = z.strictObject({ ...shape, requestId: requestId.optional() });
  return { payload, run: (actions, input, camera) => run(actions, input as never, camera) };
}

/** For the whole daemon, by name; docs/mqtt.md describes each. */
export const daemonCommands: ReadonlyMap<string, Command> = new Map([
  ['status', command({}, (actions) => actions.status())],
  [
    'activate',
    command({ version: fileName, model: fileName.optional() }, (actions, { version, model }) =>
      actions.activate(version, model),
    ),
  ],
]);

/** For one camera, by name. */
export const cameraCommands: ReadonlyMap<string, Command> = new Map([
  [
    'trigger',
    command({ timeout: duration('1ms', '1m').prefault('10s') }, (actions, { timeout }, camera) =>
      actions.trigger(camera, timeout),
    ),
  ],
  [
    'threshold',
    command({ threshold: relativeThreshold.nullable() }, (actions, { threshold }, camera) =>
      actions.threshold(camera, threshold),
    ),
  ],
  [
    'calibrate',
    command(
      {
        parts: z.int().min(FEWEST_PARTS).max(2000).default(500),
        falseAlarms: share(0.01, 50).optional(),
        apply: z.boolean().default(false),
        undo: z.boolean().default(false),
      },
      (actions, { parts, falseAlarms, apply, undo }, camera) =>
        actions.calibrate(camera, { parts, falseAlarms, apply, undo }),
    ),
  ],
  [
    'mute',
    command({ duration: duration('1ms', '168h').optional() }, (actions, { duration }, camera) =>
      actions.mute(camera, duration),
    ),
  ],
  ['unmute', command({}, (actions, _input, camera) => actions.unmute(camera))],
]);
