@ECHO OFF

curl -v -X PUT "https://dsapi-stage.directscale.com/v1/customers/upgrade/{customerId}"
-H "Content-Type: application/json (full)"
-H "Ocp-Apim-Subscription-Key: {subscription key}"

--data-ascii "{body}"
