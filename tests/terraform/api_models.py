"""What the configuration would ask AWS for, as the APIs have it, and what AWS's own models of them say against it."""

import botocore.session
import botocore.validate


def misfits(service, operation, request):
    """What the service's model says against a request: unknown names, wrong types, values that it does not list."""
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    report = botocore.validate.ParamValidator().validate(request, shape).generate_report()
    return "\n".join([*filter(None, [report]), *unlisted(shape, request)])


def unlisted(shape, value):
    if shape.type_name == "structure":
        for name, item in value.items():
            if name in shape.members:
                yield from unlisted(shape.members[name], item)
    elif shape.type_name == "list":
        for item in value:
            yield from unlisted(shape.member, item)
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{value} is none of {', '.join(shape.enum)}"


def camel(value):
    """Names as the API writes them, blocks that may stand once unpacked, nulls and empty lists left out."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item not in (None, [])}
        return {"".join(part.capitalize() for part in key.split("_")): camel(item) for key, item in kept.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value


def metrics_in(value):
    """Namespace and name of each metric anywhere in a value."""
    if isinstance(value, dict):
        if value.get("metric_name"):
            yield value["namespace"], value["metric_name"]
        value = list(value.values())
    for item in value if isinstance(value, list) else []:
        yield from metrics_in(item)


def alarm_request(alarm):
    names = {"metric_query": "Metrics", "evaluation_periods": "EvaluationPeriods"}
    kept = {key: value for key, value in alarm.items() if value not in (None, [], "", 0, {})}
    for key in ("id", "arn", "region", "tags_all", "tags", "evaluate_low_sample_count_percentiles"):
        kept.pop(key, None)
    request = {
        names.get(key, "".join(part.capitalize() for part in key.split("_"))): value for key, value in kept.items()
    }
    request["OKActions"] = request.pop("OkActions", [])
    request["Dimensions"] = dimensions(request.get("Dimensions", {}))
    request["Metrics"] = [query(metric) for metric in request.get("Metrics", [])]
    return request


def dimensions(mapping):
    return [{"Name": name, "Value": value} for name, value in mapping.items()]


def query(metric):
    request = {"Id": metric["id"], "ReturnData": bool(metric["return_data"])}
    if metric["expression"]:
        return {**request, "Expression": metric["expression"], "Label": metric["label"]}
    stat = metric["metric"][0]
    of = {
        "Namespace": stat["namespace"],
        "MetricName": stat["metric_name"],
        "Dimensions": dimensions(stat["dimensions"]),
    }
    return {**request, "MetricStat": {"Metric": of, "Period": stat["period"], "Stat": stat["stat"]}}


def tracking(policy):
    request = camel({key: policy[key] for key in ("target_value", "scale_in_cooldown", "scale_out_cooldown")})
    metrics = camel(policy["customized_metric_specification"][0]["metrics"])
    for metric in metrics:
        for stat in metric.pop("MetricStat", []):
            metric["MetricStat"] = {**stat, "Metric": stat["Metric"][0]}
    return {**request, "CustomizedMetricSpecification": {"Metrics": metrics}}
