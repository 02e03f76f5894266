// A small Client Extension with four hooks: one alters the request before the vendor's work, one adds a step after it, one
// replaces it, and one rejects.
//
//     DIRECTSCALE_URL=http://127.0.0.1:8080 DIRECTSCALE_TOKEN=… EXTENSION_TOKEN=… LISTEN=http://127.0.0.1:5000 dotnet run
//
// The tokens are those of the tenant's `extension` in its seed file (docs/SEEDS.md); the hooks there lead to
// http://127.0.0.1:5000/hooks/before, /after, /override or /reject.
using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Tasks;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

public static class Program
{
    public static void Main() => RunAsync().GetAwaiter().GetResult();

    private static async Task RunAsync()
    {
        var extension = new ClientExtension(Setting("DIRECTSCALE_URL"), Setting("DIRECTSCALE_TOKEN"), Setting("EXTENSION_TOKEN"));
        var address = Environment.GetEnvironmentVariable("LISTEN") ?? "http://127.0.0.1:5000";
        var listener = new HttpListener();
        listener.Prefixes.Add(address + "/");
        listener.Start();
        Console.WriteLine("listening on " + address);
        while (true)
        {
            var context = await listener.GetContextAsync();
            _ = Task.Run(() => extension.AnswerAsync(context));
        }
    }

    private static string Setting(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException(name + " is not set");
}

/// <summary>An answer other than success.</summary>
public sealed class Failure : Exception
{
    public Failure(HttpStatusCode status, JObject body)
    {
        Status = status;
        Body = body;
    }

    public HttpStatusCode Status { get; }

    public JObject Body { get; }

    /// <summary>A rejection whose message the platform shows to its client.</summary>
    public static Failure Rejection(string message) => new Failure(HttpStatusCode.InternalServerError, new JObject
    {
        ["DiscoRemoteException"] = new JObject
        {
            ["ErrorId"] = "example1",
            ["ErrorMessage"] = message,
            ["RemoteStackTrace"] = new JArray(),
            ["InternalStackTrace"] = null,
        },
    });
}

public sealed class ClientExtension
{
    /// <summary>The hook whose default work this extension asks for.</summary>
    private const string Hook = "Associates.Enrollment.UpdateAssociateBaseType";

    /// <summary>Dates stay texts; Json.NET would write them anew otherwise.</summary>
    private static readonly JsonSerializerSettings AsSent = new JsonSerializerSettings { DateParseHandling = DateParseHandling.None };

    private readonly HttpClient _platform = new HttpClient();
    private readonly string _callbacks;
    private readonly string _extensionToken;

    /// <summary>With the token that it presents to the platform, and the one that the platform must present.</summary>
    public ClientExtension(string directScaleUrl, string directScaleToken, string extensionToken)
    {
        _callbacks = directScaleUrl + "/api/extension/hooks/" + Hook;
        _platform.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", directScaleToken);
        _extensionToken = extensionToken;
    }

    public async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            var (status, body) = await AnswerAsync(context.Request);
            await WriteAsync(context, status, body);
        }
        catch (Exception error)
        {
            // The platform hung up.
            Console.Error.WriteLine(error.Message);
        }
    }

    private async Task<(HttpStatusCode, JObject)> AnswerAsync(HttpListenerRequest request)
    {
        try
        {
            var result = await ResultAsync(request);
            return (HttpStatusCode.OK, result);
        }
        catch (Failure failure)
        {
            return (failure.Status, failure.Body);
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error);
            return (HttpStatusCode.InternalServerError, Failure.Rejection("The extension failed: " + error.Message).Body);
        }
    }

    private async Task<JObject> ResultAsync(HttpListenerRequest request)
    {
        if (request.Headers["Authorization"] != "Bearer " + _extensionToken)
        {
            throw new Failure(HttpStatusCode.Forbidden, new JObject());
        }
        string text;
        using (var reader = new StreamReader(request.InputStream, Encoding.UTF8))
        {
            text = await reader.ReadToEndAsync();
        }
        var body = JsonConvert.DeserializeObject<JObject>(text, AsSent);
        var callbackToken = request.Headers["X-DirectScale-CallbackToken"];
        switch (request.Url.AbsolutePath)
        {
            case "/hooks/before":
                return await BeforeAsync(body, callbackToken);
            case "/hooks/after":
                return await AfterAsync(body, callbackToken);
            case "/hooks/override":
                return Override(body);
            case "/hooks/reject":
                throw Failure.Rejection("Upgrades are closed for this month.");
            default:
                throw new Failure(HttpStatusCode.NotFound, new JObject());
        }
    }

    /// <summary>Before: writes the names in capitals; then the platform does its work with them.</summary>
    private Task<JObject> BeforeAsync(JObject request, string callbackToken)
    {
        foreach (var name in new[] { "FirstName", "LastName" })
        {
            request["Application"][name] = ((string)request["Application"][name])?.ToUpperInvariant();
        }
        return CallBackAsync(request, callbackToken);
    }

    /// <summary>After: the platform does its work; then this hook adds a step that must not break it.</summary>
    private async Task<JObject> AfterAsync(JObject request, string callbackToken)
    {
        var response = await CallBackAsync(request, callbackToken);
        Console.WriteLine("customer " + response["ApplicationResponse"]["AssociateId"] + " was upgraded");
        return response;
    }

    /// <summary>Override: replaces the platform's work.</summary>
    private static JObject Override(JObject request)
    {
        Console.WriteLine("customer " + request["AssociateId"] + " stays as it is");
        return new JObject { ["ApplicationResponse"] = new JObject { ["AssociateId"] = request["AssociateId"] } };
    }

    /// <summary>Asks the platform to do its own work with this request.</summary>
    private async Task<JObject> CallBackAsync(JObject request, string callbackToken)
    {
        using (var message = new HttpRequestMessage(HttpMethod.Post, _callbacks))
        {
            message.Headers.Add("X-DirectScale-CallbackToken", callbackToken);
            message.Content = new StringContent(request.ToString(), Encoding.UTF8, "application/json");
            using (var answered = await _platform.SendAsync(message))
            {
                var body = JsonConvert.DeserializeObject<JObject>(await answered.Content.ReadAsStringAsync(), AsSent) ?? new JObject();
                // A rejection of the platform is returned to it unchanged.
                return answered.IsSuccessStatusCode ? body : throw new Failure(HttpStatusCode.InternalServerError, body);
            }
        }
    }

    private static async Task WriteAsync(HttpListenerContext context, HttpStatusCode status, JObject body)
    {
        var bytes = Encoding.UTF8.GetBytes(body.ToString(Formatting.None));
        context.Response.StatusCode = (int)status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength64 = bytes.Length;
        await context.Response.OutputStream.WriteAsync(bytes, 0, bytes.Length);
        context.Response.Close();
    }
}
