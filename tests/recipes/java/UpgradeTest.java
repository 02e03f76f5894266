import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class UpgradeTest {
    private static final String UPGRADE = "{ \"CustomerType\": 1, \"BirthDate\": \"1973-05-12T00:00:00Z\", \"SponsorId\": 2,"
            + " \"TermsAccepted\": true, \"FirstName\": \"Minch\", \"LastName\": \"Yoda\","
            + " \"EmailAddress\": \"yodaminch@testing.directscale.com\", \"Username\": \"YodaIAm\","
            + " \"Password\": \"Password123!\", \"TaxId\": \"TAX-TEST-3333\","
            + " \"PrimaryAddress\": { \"Street1\": \"250 South 400 West\", \"Region\": \"UT\", \"CountryCode\": \"US\" },"
            + " \"DefaultShippingAddress\": { \"Street1\": \"250 South 400 West\", \"PostalCode\": \"84042\","
            + " \"City\": \"Lindon\", \"CountryCode\": \"US\" } }";

    // With Testcontainers: new EmulatorTenant(EmulatorContainer.url(), EmulatorContainer.TOKEN)
    @RegisterExtension
    final EmulatorTenant tenant = new EmulatorTenant();

    @Test
    void aRetailCustomerBecomesADistributor() throws Exception {
        assertEquals(201, tenant.send("PUT", "/customers/upgrade/3", UPGRADE).statusCode());
        assertTrue(tenant.send("GET", "/customers/3", null).body().contains("\"CustomerType\":1"));
    }

    @Test
    void anotherTestDoesNotSeeIt() throws Exception {
        assertTrue(tenant.send("GET", "/customers/3", null).body().contains("\"CustomerType\":2"));
    }

    @Test
    void aRejectedUpgradeNamesTheField() throws Exception {
        String body = UPGRADE.replace("TAX-TEST-3333", "");
        HttpResponse<String> rejected = tenant.send("PUT", "/customers/upgrade/3", body);
        assertEquals(500, rejected.statusCode());
        assertTrue(rejected.headers().firstValue("X-DirectScale-Message").orElse("").contains("TaxId is required"));
    }
}
