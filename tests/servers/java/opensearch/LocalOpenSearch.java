import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;

/**
 * One OpenSearch node on loopback, started as the server's own main class starts it but without its bootstrap: no
 * security manager, no native library, no bootstrap checks. Arguments: HOME DIR PORT [SETTING=VALUE...].
 */
public final class LocalOpenSearch {

    public static void main(String[] arguments) {
        try {
            run(arguments);
        } catch (Throwable failure) {
            failure.printStackTrace();
            // A port or folder in use: the threads of the node must not keep the process alive.
            Runtime.getRuntime().halt(1);
        }
    }

    private static void run(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]).toAbsolutePath();
        Path directory = Path.of(arguments[1]).toAbsolutePath();
        Path configuration = Files.createDirectories(directory.resolve("config"));
        Settings settings = settings(home, directory, arguments);

        LogConfigurator.configureWithoutConfig(settings);
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), configuration, () -> "only");
        Node node = new Node(environment);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            close(node);
            stopped.countDown();
        }));
        node.start();
        stopped.await();
    }

    private static Settings settings(Path home, Path directory, String[] arguments) {
        Settings.Builder settings = Settings.builder()
            .put("path.home", home)
            .put("path.data", directory.resolve("indices"))
            .put("path.logs", directory.resolve("logs"))
            .put("cluster.name", "for-tests")
            .put("node.name", "only")
            .put("discovery.type", "single-node")
            .put("http.host", "127.0.0.1")
            .put("http.port", arguments[2])
            .put("transport.host", "127.0.0.1")
            .put("transport.port", "0")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("logger.level", "INFO");
        for (String argument : Arrays.copyOfRange(arguments, 3, arguments.length)) {
            String[] nameAndValue = argument.split("=", 2);
            settings.put(nameAndValue[0], nameAndValue[1]);
        }
        return settings.build();
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (Exception failure) {
            failure.printStackTrace();
        }
    }
}
