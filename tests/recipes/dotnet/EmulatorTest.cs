using System;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Tasks;
using Xunit;

/// <summary>The base of a test class: each of its tests has a copy of the demo tenant of its own.</summary>
public abstract class EmulatorTest : IAsyncLifetime
{
    private readonly string _name = "test-" + Guid.NewGuid().ToString("N");
    private HttpClient _control;

    /// <summary>The tenant's subscription key.</summary>
    protected string Key { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Sends requests to DirectScale's API with the tenant's key.</summary>
    protected HttpClient Api { get; private set; }

    /// <summary>Address and admin token: those of the server at EMULATOR_SERVER.</summary>
    protected virtual Task<(string Url, string Token)> ServerAsync() => Task.FromResult((
        Environment.GetEnvironmentVariable("EMULATOR_SERVER") ?? "http://127.0.0.1:8080",
        Environment.GetEnvironmentVariable("EMULATOR_ADMIN_TOKEN")));

    public async Task InitializeAsync()
    {
        var (url, token) = await ServerAsync();
        _control = new HttpClient { BaseAddress = new Uri(url + "/_emulator/tenants/") };
        if (!string.IsNullOrEmpty(token))
        {
            _control.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        // If the run is killed, the server deletes the tenant after ten minutes.
        var fork = $@"{{""name"": ""{_name}"", ""key"": ""{Key}"", ""expires_in_seconds"": 600}}";
        (await _control.PostAsync("demo/fork", Json(fork))).EnsureSuccessStatusCode();
        Api = new HttpClient { BaseAddress = new Uri(url + "/v1/") };
        Api.DefaultRequestHeaders.Add("Ocp-Apim-Subscription-Key", Key);
    }

    public async Task DisposeAsync()
    {
        (await _control.DeleteAsync(_name)).EnsureSuccessStatusCode();
        _control.Dispose();
        Api.Dispose();
    }

    protected static StringContent Json(string text) => new StringContent(text, Encoding.UTF8, "application/json");
}
