#!/bin/sh
# Builds an ffmpeg that decodes with the Jetson's NVDEC (h264_nvmpi, hevc_nvmpi), for Orin and JetPack 6: jetson-ffmpeg.sh PREFIX
# It runs in NVIDIA's l4t-jetpack image, as jetson-ffmpeg builds its own releases. No Jetson is needed to build; to decode, the
# container runtime brings the driver's libraries from the host.
set -eu

prefix=${1:?jetson-ffmpeg.sh PREFIX: expected a folder to install to}
release=${L4T_RELEASE:-r36.4}
nvmpi=${NVMPI_VERSION:-v3.10.0}
ffmpeg=${FFMPEG_VERSION:-n7.1.1}
key=/usr/share/keyrings/jetson-ota-public.asc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends build-essential ca-certificates cmake curl git libssl-dev nasm pkg-config zlib1g-dev
curl -fsSL https://repo.download.nvidia.com/jetson/jetson-ota-public.asc -o "$key"
# The image's own list of these sources, if it has one, would contradict this one.
rm -f /etc/apt/sources.list.d/nvidia-l4t-*.list
for part in common t234; do
  echo "deb [signed-by=$key] https://repo.download.nvidia.com/jetson/$part $release main"
done >/etc/apt/sources.list.d/nvidia-l4t.list
# Without this file NVIDIA's packages refuse to be installed anywhere but on a Jetson.
mkdir -p /opt/nvidia/l4t-packages
touch /opt/nvidia/l4t-packages/.nv-l4t-disable-boot-fw-update-in-preinstall
apt-get update
apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold \
  nvidia-l4t-jetson-multimedia-api nvidia-l4t-multimedia nvidia-l4t-multimedia-utils
ldconfig

git clone --depth 1 --branch "$nvmpi" https://github.com/gjrtimmer/jetson-ffmpeg.git "$work/nvmpi"
git clone --depth 1 --branch "$ffmpeg" https://git.ffmpeg.org/ffmpeg.git "$work/ffmpeg"
# What cameras need: RTSP, HTTP(S) and files come with ffmpeg itself; TLS is OpenSSL's.
"$work/nvmpi/scripts/build.sh" --no-stubs --install --prefix "$prefix" --ffmpeg "$work/ffmpeg" --ffmpeg-prefix "$prefix" \
  --no-libx264 --no-libx265 --ffmpeg-args '--disable-autodetect --disable-debug --disable-ffplay --enable-zlib --enable-openssl --enable-version3'
decoders=$("$prefix/bin/ffmpeg" -hide_banner -decoders)
for decoder in h264_nvmpi hevc_nvmpi; do
  case $decoders in
    *" $decoder "*) ;;
    *) echo "jetson-ffmpeg.sh: $prefix/bin/ffmpeg has no decoder $decoder" >&2 && exit 1 ;;
  esac
done
rm -rf "$prefix/include" "$prefix/share" "$prefix"/lib/*.a "$prefix/lib/pkgconfig"
