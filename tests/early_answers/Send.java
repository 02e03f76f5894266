// Sends a body with Java's two clients; prints the status that each one sees.
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

class Send {
    interface Client {
        int send() throws Exception;
    }

    public static void main(String[] arguments) {
        String address = arguments[0];
        String key = arguments[1];
        byte[] body = "x".repeat(Integer.parseInt(arguments[2])).getBytes();
        print("HttpURLConnection", () -> withConnection(address, key, body, 0));
        print("HttpURLConnection in chunks", () -> withConnection(address, key, body, 8192));
        print("HttpURLConnection streaming", () -> withConnection(address, key, body, -1));
        // Without expectContinue: with it, Java 17 waits forever for any response other than 100 (JDK-8286171).
        print("HttpClient", () -> withClient(address, key, body));
    }

    static void print(String name, Client client) {
        try {
            System.out.println("java " + name + " " + client.send());
        } catch (Exception error) {
            System.out.println("java " + name + " " + error);
        }
    }

    static int withConnection(String address, String key, byte[] body, int chunk) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(address).toURL().openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        if (!key.isEmpty()) connection.setRequestProperty("Ocp-Apim-Subscription-Key", key);
        if (chunk > 0) connection.setChunkedStreamingMode(chunk);
        if (chunk < 0) connection.setFixedLengthStreamingMode(body.length);
        connection.getOutputStream().write(body);
        connection.getOutputStream().close();
        try {
            return connection.getResponseCode();
        } catch (java.net.HttpRetryException error) {
            // Java reports a 401 to a body that it cannot send again in this way.
            return error.responseCode();
        }
    }

    static int withClient(String address, String key, byte[] body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address));
        if (!key.isEmpty()) request.header("Ocp-Apim-Subscription-Key", key);
        request.POST(HttpRequest.BodyPublishers.ofByteArray(body)).version(HttpClient.Version.HTTP_1_1);
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode();
    }
}
