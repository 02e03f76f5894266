-- "Sign-on" and "single sign-on" were two words for one thing.
alter table sign_on_tokens rename to sso_tokens;
alter table sso_tokens rename constraint sign_on_tokens_pkey to sso_tokens_pkey;
alter index sign_on_tokens_expires_at_idx rename to sso_tokens_expires_at_idx;
