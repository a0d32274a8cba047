#!/usr/bin/env node
// What the images' HEALTHCHECK runs: exits with 0 while the daemon answers, else with 1 and the reason.
// Node asks, for it is what every image has. Another http.port takes KDAD_EDGE_HEALTH.
const url = process.env.KDAD_EDGE_HEALTH ?? 'http://127.0.0.1:9464/healthz';

try {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(4000) });
  console.log(`${url}: ${status}`);
  process.exitCode = status === 200 ? 0 : 1;
} catch (error) {
  console.log(`${url}: ${error.cause?.code ?? error.message}`);
  process.exitCode = 1;
}
