import { type ErrorCode, KdadError } from '../../common/errors.js';
import { type Actions, type Command, cameraCommands, daemonCommands, requestId } from './commands.js';

/** A command as it came, unchecked. */
export interface CommandRequest {
  readonly name: string;
  /** Undefined for a command to the daemon. */
  readonly camera?: string;
  /** JSON; nothing stands for `{}`. */
  readonly payload: Buffer;
}

/** What came of a command, as it is sent back. */
export interface Reply {
  readonly command: string;
  readonly camera?: string;
  readonly requestId?: string;
  readonly ok: boolean;
  readonly result?: object;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly fix: string };
}

/** `refused`: not understood, and nothing has happened. */
export type Outcome = 'done' | 'refused' | 'failed';

export interface ControllerOptions {
  readonly actions: Actions;
  /** Names of those that are watched. */
  cameras(): readonly string[];
  /** A command has been dealt with. `command` is one that exists, or `unknown`. */
  onOutcome(command: string, outcome: Outcome, reply: Reply): void;
}

/** Bytes of a payload at most. */
const MAX_PAYLOAD = 4096;
/** Commands under way at once. */
const MAX_UNDER_WAY = 16;
/** Of names and values that others chose, in replies and logs. */
const MAX_SHOWN = 64;

/** Checks commands, has them done, and says what came of it. */
export class Controller {
  readonly #options: ControllerOptions;
  #underWay = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Never throws. */
  async handle(request: CommandRequest): Promise<Reply> {
    const { name, camera, payload } = request;
    const known = (camera === undefined ? daemonCommands : cameraCommands).get(name);
    const about = {
      command: shorten(name),
      ...(camera !== undefined && { camera: shorten(camera) }),
      ...idIn(payload),
    };
    let outcome: Outcome;
    let reply: Reply;
    this.#underWay++;
    try {
      const { command, input } = this.#check(request, known);
      const result = await command.run(this.#options.actions, input, camera ?? '');
      outcome = 'done';
      reply = { ...about, ok: true, result };
    } catch (error) {
      const { code, message, fix } = asKdadError(error);
      outcome = code === 'COMMAND_INVALID' ? 'refused' : 'failed';
      reply = { ...about, ok: false, error: { code, message, fix } };
    } finally {
      this.#underWay--;
    }
    this.#options.onOutcome(known ? name : 'unknown', outcome, reply);
    return reply;
  }

  /** @throws KdadError COMMAND_INVALID, COMMAND_FAILED when there are too many */
  #check(
    { name, camera, payload }: CommandRequest,
    command: Command | undefined,
  ): { command: Command; input: unknown } {
    const cameras = this.#options.cameras();
    if (!command) throw invalid(`no command ${shorten(name)}; there are ${listed(camera)}`);
    if (camera !== undefined && !cameras.includes(camera)) {
      throw invalid(`no camera ${shorten(camera)}; there are ${cameras.join(', ')}`);
    }
    if (payload.length > MAX_PAYLOAD) {
      throw invalid(`a payload of ${payload.length} bytes; expected at most ${MAX_PAYLOAD}`);
    }
    const { success, data, error } = command.payload.safeParse(parse(payload));
    if (!success) {
      const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`);
      throw invalid(problems.join('; ').slice(0, 4 * MAX_SHOWN));
    }
    if (this.#underWay > MAX_UNDER_WAY) {
      throw new KdadError('COMMAND_FAILED', `${MAX_UNDER_WAY} commands are under way; send it again later`);
    }
    return { command, input: data };
  }
}

const invalid = (message: string): KdadError => new KdadError('COMMAND_INVALID', message);

const shorten = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);

function listed(camera: string | undefined): string {
  const daemon = `${[...daemonCommands.keys()].join(', ')} for the daemon`;
  const cameras = `${[...cameraCommands.keys()].join(', ')} for a camera`;
  return camera === undefined ? `${daemon}, and ${cameras}` : `${cameras}, and ${daemon}`;
}

/** @throws KdadError COMMAND_INVALID */
function parse(payload: Buffer): unknown {
  if (payload.length === 0) return {};
  try {
    return JSON.parse(payload.toString());
  } catch {
    throw invalid('the payload is no JSON');
  }
}

/** The request's id, also of a payload that is wrong otherwise, so that its sender learns of the error. */
function idIn(payload: Buffer): { requestId?: string } {
  if (payload.length > MAX_PAYLOAD) return {};
  try {
    const { success, data } = requestId.safeParse(JSON.parse(payload.toString()).requestId);
    return success ? { requestId: data } : {};
  } catch {
    return {};
  }
}

/** An error of another kind is a defect; it must not end a daemon that watches a line. */
function asKdadError(error: unknown): KdadError {
  if (error instanceof KdadError) return error;
  return new KdadError('COMMAND_FAILED', `unexpected: ${(error as Error).message}`, { cause: error });
}
