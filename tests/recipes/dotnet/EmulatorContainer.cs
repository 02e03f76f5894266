using System;
using System.Threading.Tasks;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;

/// <summary>The emulator in one container for all tests of the run; Testcontainers removes it afterwards.</summary>
public static class EmulatorContainer
{
    private static readonly string Token = Guid.NewGuid().ToString("N");

    private static readonly IContainer Container = new ContainerBuilder(
            Environment.GetEnvironmentVariable("EMULATOR_IMAGE") ?? "directscale-emulator")
        .WithEnvironment("EMULATOR_ADMIN_TOKEN", Token)
        .WithPortBinding(8080, true)
        .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(ready => ready.ForPort(8080).ForPath("/readyz")))
        .Build();

    private static readonly Lazy<Task> Started = new Lazy<Task>(() => Container.StartAsync());

    /// <summary>Its address and admin token, as soon as it is ready.</summary>
    public static async Task<(string Url, string Token)> ServerAsync()
    {
        await Started.Value;
        return ($"http://{Container.Hostname}:{Container.GetMappedPublicPort(8080)}", Token);
    }
}

/// <summary>The base of a test class whose tests use the container.</summary>
public abstract class EmulatorContainerTest : EmulatorTest
{
    protected override Task<(string Url, string Token)> ServerAsync() => EmulatorContainer.ServerAsync();
}
