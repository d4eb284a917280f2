"""The AWS provider as far as terraform/ needs it: its schema, and resources that exist in memory or in an emulator.

Terraform asks a provider for its schema and lets it plan, create and read; how is a public protocol, of which the
package `tf` has the messages. Arguments, types and required ones are judged by Terraform itself against the schema,
which is AWS's own (provider-schema.json). Values are made up unless an emulator creates the resource.
"""

import json
import os
import tempfile
from concurrent import futures
from pathlib import Path

import grpc
from tf.gen import grpc_controller_pb2, grpc_controller_pb2_grpc, grpc_stdio_pb2_grpc, tfplugin_pb2, tfplugin_pb2_grpc
from tf.types import Unknown
from tf.utils import read_dynamic_value, to_dynamic_value

SCHEMA = json.loads((Path(__file__).parent / "provider-schema.json").read_text())
ADDRESS = "registry.terraform.io/hashicorp/aws"
ACCOUNT, REGION = "123456789012", "eu-west-1"
MESSAGE = tfplugin_pb2.Schema
NESTING = {name: MESSAGE.NestedBlock.NestingMode.Value(name.upper()) for name in ("single", "list", "set")}
EMPTY = {"string": "", "number": 0, "bool": False, "list": [], "set": [], "map": {}}
DATA = {
    "aws_caller_identity": {"account_id": ACCOUNT},
    "aws_partition": {"partition": "aws"},
    "aws_region": {"region": REGION},
}


def block_message(block):
    attributes = [
        MESSAGE.Attribute(
            name=name,
            type=json.dumps(kind).encode(),
            computed="c" in flags,
            optional="o" in flags,
            required="r" in flags,
        )
        for name, (kind, flags) in block.get("attributes", {}).items()
    ]
    nested = [
        MESSAGE.NestedBlock(
            type_name=name,
            nesting=NESTING[inner["nesting"]],
            min_items=inner.get("min", 0),
            max_items=inner.get("max", 0),
            block=block_message(inner),
        )
        for name, inner in block.get("blocks", {}).items()
    ]
    return MESSAGE.Block(attributes=attributes, block_types=nested)


def messages(schemas):
    return {name: MESSAGE(version=0, block=block_message(block)) for name, block in schemas.items()}


def computed(type_name, attribute, kind, values):
    """Made up, so that a reader sees where it comes from."""
    name = next(
        (values[key] for key in ("name", "bucket", "family", "alarm_name") if isinstance(values.get(key), str)),
        "made-up",
    )
    if attribute == "arn":
        return f"arn:aws:{type_name.split('_')[1]}:{REGION}:{ACCOUNT}:{name}"
    if attribute in ("tags_all", "tags") and kind == ["map", "string"]:
        return values.get("tags") or {}
    if attribute == "id":
        return name
    if kind == "string":
        return f"{name}-{attribute.replace('_', '-')}" if attribute != "region" else REGION
    return EMPTY[kind if isinstance(kind, str) else kind[0]]


class InMemory:
    """Creates nothing anywhere."""

    def create(self, _type_name, _values):
        return {}

    def delete(self, type_name, state):
        pass


class Servicer(tfplugin_pb2_grpc.ProviderServicer):
    def __init__(self, backing):
        self.backing = backing

    def GetMetadata(self, _request, _context):
        return tfplugin_pb2.GetMetadata.Response()

    def GetProviderSchema(self, _request, _context):
        return tfplugin_pb2.GetProviderSchema.Response(
            provider=MESSAGE(version=0, block=block_message(SCHEMA["provider"])),
            resource_schemas=messages(SCHEMA["resource"]),
            data_source_schemas=messages(SCHEMA["data"]),
        )

    def ValidateProviderConfig(self, _request, _context):
        return tfplugin_pb2.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request, _context):
        found = [problem for problem in problems(request.type_name, read_dynamic_value(request.config))]
        severity = tfplugin_pb2.Diagnostic.ERROR
        diagnostics = [tfplugin_pb2.Diagnostic(severity=severity, summary=problem) for problem in found]
        return tfplugin_pb2.ValidateResourceConfig.Response(diagnostics=diagnostics)

    def ValidateDataResourceConfig(self, _request, _context):
        return tfplugin_pb2.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, _request, _context):
        return tfplugin_pb2.ConfigureProvider.Response()

    def StopProvider(self, _request, _context):
        return tfplugin_pb2.StopProvider.Response()

    def UpgradeResourceState(self, request, _context):
        state = json.loads(request.raw_state.json)
        return tfplugin_pb2.UpgradeResourceState.Response(upgraded_state=to_dynamic_value(state))

    def ReadResource(self, request, _context):
        return tfplugin_pb2.ReadResource.Response(new_state=request.current_state)

    def ReadDataSource(self, request, _context):
        state = read_dynamic_value(request.config)
        for name, (kind, flags) in SCHEMA["data"][request.type_name]["attributes"].items():
            if "c" in flags and state.get(name) is None:
                state[name] = DATA[request.type_name].get(name, computed(request.type_name, name, kind, state))
        return tfplugin_pb2.ReadDataSource.Response(state=to_dynamic_value(state))

    def PlanResourceChange(self, request, _context):
        state = read_dynamic_value(request.proposed_new_state)
        prior = read_dynamic_value(request.prior_state)
        if state is not None and prior is None:
            for name, (_, flags) in SCHEMA["resource"][request.type_name]["attributes"].items():
                if "c" in flags and state.get(name) is None:
                    state[name] = Unknown
        return tfplugin_pb2.PlanResourceChange.Response(planned_state=to_dynamic_value(state))

    def ApplyResourceChange(self, request, _context):
        state, name = read_dynamic_value(request.planned_state), request.type_name
        if state is None:
            self.backing.delete(name, read_dynamic_value(request.prior_state))
        else:
            given = {key: value for key, value in state.items() if value is not Unknown}
            made = self.backing.create(name, given)
            for attribute, (kind, _) in SCHEMA["resource"][name]["attributes"].items():
                if state.get(attribute) is Unknown:
                    state[attribute] = made.get(attribute, computed(name, attribute, kind, given))
        return tfplugin_pb2.ApplyResourceChange.Response(new_state=to_dynamic_value(state))


def problems(type_name, config):
    """What the schema does not know and AWS would refuse late: policies that are no JSON, or too long."""
    for name, value in config.items():
        if isinstance(value, str) and (name.endswith("policy") or name == "container_definitions"):
            try:
                json.loads(value)
            except ValueError as error:
                yield f"{type_name}.{name} is no JSON: {error}"
    if type_name == "aws_iam_role_policy" and isinstance(config.get("policy"), str) and len(config["policy"]) > 10240:
        yield "an inline policy has 10,240 characters at most"


class Controller(grpc_controller_pb2_grpc.GRPCControllerServicer):
    def Shutdown(self, _request, _context):
        return grpc_controller_pb2.Empty()


class Output(grpc_stdio_pb2_grpc.GRPCStdioServicer):
    def StreamStdio(self, _request, _context):
        return iter([])


class Provider:
    """Serves while it is entered; `environment` tells Terraform where."""

    def __init__(self, backing=None):
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
        tfplugin_pb2_grpc.add_ProviderServicer_to_server(Servicer(backing or InMemory()), self.server)
        grpc_controller_pb2_grpc.add_GRPCControllerServicer_to_server(Controller(), self.server)
        grpc_stdio_pb2_grpc.add_GRPCStdioServicer_to_server(Output(), self.server)

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        socket = f"{self.folder.name}/socket"
        self.server.add_insecure_port(f"unix://{socket}")
        self.server.start()
        address = {"Network": "unix", "String": socket}
        how = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
        self.environment = {"TF_REATTACH_PROVIDERS": json.dumps({ADDRESS: how})}
        return self

    def __exit__(self, *_exception):
        self.server.stop(grace=None)
        self.folder.cleanup()
