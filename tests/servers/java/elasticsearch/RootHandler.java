import java.util.List;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.XContentBuilder;

/** Answers GET and HEAD of / as the distribution's module rest-root does, which is not published. */
final class RootHandler extends BaseRestHandler {

    @Override
    public String getName() {
        return "root_for_tests";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        Build build = Build.current();
        return channel -> {
            XContentBuilder body = channel.newBuilder().startObject();
            body.field("name", "only").field("cluster_name", "for-tests").field("cluster_uuid", client.getLocalNodeId());
            body.startObject("version")
                .field("number", build.qualifiedVersion())
                .field("build_flavor", build.flavor())
                .field("build_type", build.type().displayName())
                .field("build_hash", build.hash())
                .field("build_snapshot", build.isSnapshot())
                .field("lucene_version", org.apache.lucene.util.Version.LATEST.toString())
                .endObject();
            channel.sendResponse(new RestResponse(RestStatus.OK, body.field("tagline", "You Know, for Search").endObject()));
        };
    }
}
