"""What `kaos mcp serve` serves to the reference clients."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pydantic import BaseModel

PROVIDER = TracerProvider()
PROVIDER.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
TRACER = PROVIDER.get_tracer("tools")


class Order(BaseModel):
    item: str
    count: int = 1


def add(a: int, b: int) -> int:
    """Adds two whole numbers."""
    print("adding", a, b)
    return a + b


def fail() -> str:
    """Fails."""
    raise ValueError("the disk is full")


def order(order: Order) -> Order:
    """Takes an order, as a model of pydantic."""
    return Order(item=order.item.upper(), count=order.count + 1)


def observed() -> str:
    """Makes a span of its own."""
    carried = {"traceparent": os.environ["TRACEPARENT"]}
    with TRACER.start_as_current_span("inside", context=TraceContextTextMapPropagator().extract(carried)):
        return carried["traceparent"]
