import { access, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { defaultStateFolder } from '../config/schema.js';
import type { CommandRequest, Reply } from './controller.js';

/** In the state folder: whoever may write to it may command the daemon, and that is its own user. */
const NAME = 'control.sock';
/** Bytes that a path of a socket may have (sun_path in sys/un.h); Node.js would cut off what is more. */
const LONGEST_PATH = 107;
/** Bytes of a request. */
const LARGEST = 8192;
/** Milliseconds of silence after which whoever connected is let go. */
const PATIENCE = 10_000;

/** A command as it crosses the socket. */
interface Message {
  readonly name: string;
  readonly camera?: string;
  readonly payload?: object;
}

export const socketIn = (stateDir: string): string => join(stateDir, NAME);

/** Where the daemon keeps its state as a service of systemd, which tells it alone. */
const OF_SERVICE = '/var/lib/kdad-edge';

/**
 * The folder in which a daemon with this configuration is to be asked: where the file names none, the service's, unless
 * a daemon is here.
 */
export async function folderOfDaemon(stateDir: string): Promise<string> {
  if (stateDir !== defaultStateFolder()) return stateDir;
  const found = await Promise.all(
    [stateDir, OF_SERVICE].map(async (folder) => ((await isThere(socketIn(folder))) ? folder : undefined)),
  );
  return found.find((folder) => folder !== undefined) ?? stateDir;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Takes commands from programs on the same machine: one a connection, JSON; the reply follows when the other side has
 * ended its own.
 */
export class LocalSocket {
  readonly #path: string;
  readonly #answer: (request: CommandRequest) => Promise<Reply>;
  readonly #connections = new Set<Socket>();
  #server: Server | undefined;

  constructor(stateDir: string, answer: (request: CommandRequest) => Promise<Reply>) {
    this.#path = socketIn(stateDir);
    this.#answer = answer;
  }

  /** @throws KdadError STATE_UNUSABLE, and the system's error, where there can be none */
  async start(): Promise<void> {
    if (Buffer.byteLength(this.#path) > LONGEST_PATH) {
      throw new KdadError('STATE_UNUSABLE', `${this.#path}: a socket's path has ${LONGEST_PATH} bytes at most`);
    }
    // One that was killed has left its own.
    await rm(this.#path, { force: true });
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#path, resolve);
    });
    server.on('error', () => {});
    this.#server = server;
  }

  async stop(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => void server.close(() => resolve()));
  }

  #take(socket: Socket): void {
    let text = '';
    this.#connections.add(socket);
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > LARGEST) socket.destroy();
    });
    socket.on('end', async () => socket.end(JSON.stringify(await this.#answer(read(text)))));
  }
}

/** What makes no sense is for the controller to refuse. */
function read(text: string): CommandRequest {
  try {
    const { name, camera, payload } = JSON.parse(text) as Message;
    return {
      name: String(name),
      camera: camera === undefined ? undefined : String(camera),
      payload: Buffer.from(JSON.stringify(payload ?? {})),
    };
  } catch {
    return { name: '', payload: Buffer.from(text) };
  }
}

/**
 * Has the daemon that keeps its state in this folder do something.
 * @returns the result of the command
 * @throws KdadError DAEMON_UNREACHABLE, and what the daemon replies where it does not do it
 */
export async function askDaemon(stateDir: string, message: Message): Promise<object> {
  const path = socketIn(stateDir);
  const text = await new Promise<string>((resolve, reject) => {
    let reply = '';
    const socket = createConnection(path, () => socket.end(JSON.stringify(message)));
    socket.setEncoding('utf8');
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`no answer in ${PATIENCE / 1000} s`)));
    socket.on('data', (chunk: string) => {
      reply += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(reply));
  }).catch((cause: Error) => {
    throw new KdadError('DAEMON_UNREACHABLE', `${path}: ${cause.message}`, { cause });
  });
  if (text === '') throw new KdadError('DAEMON_UNREACHABLE', `${path}: the daemon hung up`);
  const { result, error } = JSON.parse(text) as Reply;
  if (error) throw new KdadError(error.code, error.message);
  return result ?? {};
}
