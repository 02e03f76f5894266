import java.util.UUID;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/** The emulator in one container for all tests of the run; Testcontainers removes it afterwards. */
public final class EmulatorContainer {
    public static final String TOKEN = UUID.randomUUID().toString();

    private static final GenericContainer<?> CONTAINER = new GenericContainer<>(
                    DockerImageName.parse(System.getenv().getOrDefault("EMULATOR_IMAGE", "directscale-emulator")))
            .withEnv("EMULATOR_ADMIN_TOKEN", TOKEN)
            .withExposedPorts(8080)
            .waitingFor(Wait.forHttp("/readyz").forPort(8080));

    static {
        CONTAINER.start();
    }

    private EmulatorContainer() {}

    public static String url() {
        return "http://" + CONTAINER.getHost() + ":" + CONTAINER.getMappedPort(8080);
    }
}
