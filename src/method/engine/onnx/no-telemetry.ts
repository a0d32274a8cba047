/**
 * Keeps onnxruntime 1.30 from sending usage data to its maker. Left to itself it does so from the first session on: it
 * opens a database in `~/.cache/Microsoft`, writes `/tmp/mat-debug-<pid>.log`, and connects to the internet. A camera's
 * box shall do none of this. onnxruntime reads the variable when the first session is created; a value that the user
 * has set holds.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
