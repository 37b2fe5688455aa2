using Amazon.DynamoDBv2;
using Amazon.Runtime;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Issuing.Stores;
using TokenSessions.Service.Settings;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Store;

/// <summary>The store that the settings name: the journal in the data directory, or a DynamoDB table. Each is made only if it is asked for.</summary>
internal static class StoreRegistration
{
    public static void AddStore(this IServiceCollection services)
    {
        services.AddSingleton(provider => JournalStore.Open(
            Path.Combine(provider.GetRequiredService<ServiceSettings>().DataDirectory, "journal"), provider.GetRequiredService<TimeProvider>()));

        services.AddSingleton(CreateClient);
        services.AddSingleton(provider => new DynamoDbOptions
        {
            Table = provider.GetRequiredService<ServiceSettings>().Store.Table,
            Region = provider.GetRequiredService<ServiceSettings>().Regions.Region,
        });
        services.AddSingleton<DynamoDbTable>();
        services.AddSingleton<DynamoDbStore>();
        services.AddSingleton<DynamoDbFeed>();

        services.AddSingleton<ISessionStore>(provider =>
            IsDynamoDb(provider) ? provider.GetRequiredService<DynamoDbStore>() : provider.GetRequiredService<JournalStore>());
        services.AddSingleton<IDenylistFeed>(provider =>
            IsDynamoDb(provider) ? provider.GetRequiredService<DynamoDbFeed>() : provider.GetRequiredService<JournalStore>());
    }

    private static IAmazonDynamoDB CreateClient(IServiceProvider provider)
    {
        try
        {
            return DynamoDbClients.Create();
        }
        catch (AmazonClientException e)
        {
            throw new StartException(HasRegion()
                ? "DynamoDB cannot be called: the AWS settings name no endpoint. Check AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL and the profile."
                : "DynamoDB cannot be called: no AWS region is set. Set AWS_REGION, or a profile with a region (AWS_PROFILE).", e);
        }
    }

    private static bool HasRegion()
    {
        try
        {
            return FallbackRegionFactory.GetRegionEndpoint() is not null;
        }
        catch (AmazonClientException)
        {
            return false; // A profile that does not exist, say.
        }
    }

    private static bool IsDynamoDb(IServiceProvider provider) => provider.GetRequiredService<ServiceSettings>().Store.IsDynamoDb;
}
