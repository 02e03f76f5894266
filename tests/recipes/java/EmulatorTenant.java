import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.UUID;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A copy of the demo tenant for each test: a field with `@RegisterExtension` that is not static. */
public final class EmulatorTenant implements BeforeEachCallback, AfterEachCallback {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final String url;
    private final String token;
    private final String name = "test-" + UUID.randomUUID();
    private final String key = UUID.randomUUID().toString().replace("-", "");

    /** On the server at EMULATOR_SERVER, with its EMULATOR_ADMIN_TOKEN. */
    public EmulatorTenant() {
        this(System.getenv().getOrDefault("EMULATOR_SERVER", "http://127.0.0.1:8080"), System.getenv("EMULATOR_ADMIN_TOKEN"));
    }

    /** On this server; without a token if it is null. */
    public EmulatorTenant(String url, String token) {
        this.url = url;
        this.token = token;
    }

    public String baseUrl() {
        return url + "/v1";
    }

    public String key() {
        return key;
    }

    /** Sends a request to DirectScale's API with the tenant's key. */
    public HttpResponse<String> send(String method, String path, String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(baseUrl() + path))
                .header("Ocp-Apim-Subscription-Key", key)
                .header("Content-Type", "application/json")
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        return CLIENT.send(request.build(), BodyHandlers.ofString());
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        // If the run is killed, the server deletes the tenant after ten minutes.
        String fork = String.format("{\"name\": \"%s\", \"key\": \"%s\", \"expires_in_seconds\": 600}", name, key);
        control("POST", "demo/fork", BodyPublishers.ofString(fork));
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        control("DELETE", name, BodyPublishers.noBody());
    }

    private void control(String method, String path, HttpRequest.BodyPublisher body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/_emulator/tenants/" + path));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<String> response = CLIENT.send(request.method(method, body).build(), BodyHandlers.ofString());
        if (response.statusCode() >= 300) {
            throw new IllegalStateException(method + " " + path + ": " + response.statusCode() + " " + response.body());
        }
    }
}
