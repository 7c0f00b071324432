# Installs LiteLLM, for litellm.sh and team.sh. Sourced; $litellm is where it is.
#
# It is PyPI's `litellm[proxy]`, 740 MB, installed once for each version into ~/.cache/kaos-peers, with what it sends
# spans with, which it does not bring along. Installing takes three to five minutes.

version=1.106.2
litellm=$cache/litellm-$version

install_litellm() {
    local begun=$SECONDS
    if [ -e "$litellm/with-opentelemetry" ]; then
        echo 'LiteLLM is installed already'
        return
    fi
    rm -rf "$cache"/litellm-*
    echo "installing LiteLLM $version"
    python3 -m venv "$litellm"
    nice -n 10 "$litellm/bin/python" -m pip install -q \
        "litellm[proxy]==$version" opentelemetry-sdk opentelemetry-exporter-otlp
    touch "$litellm/with-opentelemetry"
    echo "installed LiteLLM in $((SECONDS - begun)) s"
}
