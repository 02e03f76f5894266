@ECHO OFF

curl -v -X PATCH "https://dsapi.directscale.com/v1/customers/{customerId}"
-H "Content-Type: application/json"
-H "Ocp-Apim-Subscription-Key: {subscription key}"

--data-ascii "{body}"
