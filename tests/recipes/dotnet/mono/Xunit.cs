// Stands in for xUnit where only Mono is installed: the few types that the recipe uses, and a runner that, like xUnit, makes an
// instance of the class for each test. `tests/recipes/run` uses the real one where `dotnet` can restore it.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;

namespace Xunit
{
    [AttributeUsage(AttributeTargets.Method)]
    public class FactAttribute : Attribute { }

    public interface IAsyncLifetime
    {
        Task InitializeAsync();

        Task DisposeAsync();
    }

    public static class Assert
    {
        public static void Equal<T>(T expected, T actual)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
            {
                throw new Exception($"{actual} instead of {expected}");
            }
        }

        public static void Contains(string expected, string actual)
        {
            if (!actual.Contains(expected))
            {
                throw new Exception($"'{actual}' does not contain '{expected}'");
            }
        }
    }

    public static class Runner
    {
        public static int Main()
        {
            var tests = Assembly.GetExecutingAssembly().GetTypes()
                .SelectMany(type => type.GetMethods())
                .Where(method => method.GetCustomAttribute<FactAttribute>() != null)
                .ToList();
            var failed = tests.Count(test => !Passes(test).GetAwaiter().GetResult());
            Console.WriteLine($"{tests.Count - failed} passed, {failed} failed");
            return failed == 0 && tests.Count > 0 ? 0 : 1;
        }

        private static async Task<bool> Passes(MethodInfo test)
        {
            try
            {
                var instance = (IAsyncLifetime)Activator.CreateInstance(test.DeclaringType);
                await instance.InitializeAsync();
                try
                {
                    await (Task)test.Invoke(instance, null);
                }
                finally
                {
                    await instance.DisposeAsync();
                }
                return true;
            }
            catch (Exception failure)
            {
                Console.WriteLine($"{test.Name}: {failure}");
                return false;
            }
        }
    }
}
