using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Xunit;

public class UpgradeTests : EmulatorTest
{
    private const string Upgrade = @"{
        ""CustomerType"": 1, ""BirthDate"": ""1973-05-12T00:00:00Z"", ""SponsorId"": 2, ""TermsAccepted"": true,
        ""FirstName"": ""Minch"", ""LastName"": ""Yoda"", ""EmailAddress"": ""yodaminch@testing.directscale.com"",
        ""Username"": ""YodaIAm"", ""Password"": ""Password123!"", ""TaxId"": ""TAX-TEST-3333"",
        ""PrimaryAddress"": { ""Street1"": ""250 South 400 West"", ""Region"": ""UT"", ""CountryCode"": ""US"" },
        ""DefaultShippingAddress"": {
            ""Street1"": ""250 South 400 West"", ""PostalCode"": ""84042"", ""City"": ""Lindon"", ""CountryCode"": ""US"" } }";

    [Fact]
    public async Task A_retail_customer_becomes_a_distributor()
    {
        var response = await Api.PutAsync("customers/upgrade/3", Json(Upgrade));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Contains("\"CustomerType\":1", await Api.GetStringAsync("customers/3"));
    }

    [Fact]
    public async Task Another_test_does_not_see_it()
    {
        Assert.Contains("\"CustomerType\":2", await Api.GetStringAsync("customers/3"));
    }

    [Fact]
    public async Task A_rejected_upgrade_names_the_field()
    {
        var body = Json(Upgrade.Replace("TAX-TEST-3333", ""));
        var rejected = await Api.PutAsync("customers/upgrade/3", body);
        Assert.Equal(HttpStatusCode.InternalServerError, rejected.StatusCode);
        Assert.Contains("TaxId is required", rejected.Headers.GetValues("X-DirectScale-Message").Single());
    }
}
