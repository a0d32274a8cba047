import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Connections at once. Each takes a file descriptor, and cameras need theirs. */
const MOST = 64;

/**
 * Keeps connections to a server few: a new one is let in, and the oldest goes for it. Whoever asks anew is answered,
 * whoever only holds on is not.
 */
export function limitConnections(server: Server): void {
  const connected = new Set<Socket>();
  server.on('connection', (socket) => {
    connected.add(socket);
    socket.once('close', () => connected.delete(socket));
    const [oldest] = connected;
    if (connected.size > MOST) {
      connected.delete(oldest);
      oldest.destroy();
    }
  });
}
