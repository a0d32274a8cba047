#!/bin/sh
# Builds kdad-edge in the current folder, after `npm ci --ignore-scripts`, and leaves there what it runs with.
set -eu

npm run build
npm prune --omit=dev --ignore-scripts

# The image brings an ffmpeg of its own.
rm -rf node_modules/@ffmpeg-installer node_modules/ffmpeg-static
# 220 MB of onnxruntime are for other systems, 15 MB or more for the other processor.
platform=$(node -p process.platform) architecture=$(node -p process.arch)
for folder in node_modules/onnxruntime-node/bin/napi-v*/*; do
  [ "${folder##*/}" = "$platform" ] || rm -rf "$folder"
done
for folder in node_modules/onnxruntime-node/bin/napi-v*/"$platform"/*; do
  [ "${folder##*/}" = "$architecture" ] || rm -rf "$folder"
done
rm -rf src tsconfig.json tsconfig.build.json
# Whatever the umask of the checkout was, the image's user reads it.
chmod -R a+rX .
