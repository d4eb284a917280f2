import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginBundle;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One Elasticsearch node on loopback, started as the server's own main class starts it but without its bootstrap: no
 * entitlements, no native library, no bootstrap checks. Arguments: HOME DIR PORT [SETTING=VALUE...].
 */
public final class LocalElasticsearch {

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
        LogConfigurator.configureESLogging();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), configuration, () -> "only");
        Node node = new Node(environment, modules(environment.modulesDir()));
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

    /** loadModulesBundles has one parameter in 8.x and a second, whether the server is stateless, in 9.x. */
    @SuppressWarnings("unchecked")
    private static PluginsLoader modules(Path directory) throws ReflectiveOperationException {
        Method load = Arrays.stream(PluginsLoader.class.getMethods())
            .filter(method -> method.getName().equals("loadModulesBundles"))
            .findFirst().orElseThrow();
        Object bundles = load.getParameterCount() == 1 ? load.invoke(null, directory) : load.invoke(null, directory, false);
        boolean serverIsANamedModule = false;
        return PluginsLoader.createPluginsLoader((Set<PluginBundle>) bundles, Set.of(), Map.of(), serverIsANamedModule);
    }

    private static void close(Node node) {
        try {
            node.prepareForClose();
            node.close();
        } catch (Exception failure) {
            failure.printStackTrace();
        }
    }
}
