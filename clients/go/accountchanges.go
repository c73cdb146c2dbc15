package atedb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/account"
	"atedb.example/go/keys"
)

// Accounts are those of the server's auth service: creating, changing and recovering them. The server is never sent a password, a private key or a
// recovery code: docs/accounts.md. All of it goes over encrypted connections only.
type Accounts struct {
	client *Client
	// Costs of passwords that are set. The least that is done is 19,456 KiB in 2 passes.
	Costs keys.Costs
}

// Accounts of the server's auth service.
func (c *Client) Accounts() *Accounts { return &Accounts{c, keys.DefaultCosts} }

// NewTOTPSecret makes a secret of a second factor: 160 bits, as RFC 4226 recommends.
func NewTOTPSecret() []byte {
	secret := make([]byte, 20)
	rand.Read(secret)
	return secret
}

// Describe how accounts are created here. The error is UNSUPPORTED where the server has no accounts.
func (a *Accounts) Describe(ctx context.Context) (*AuthDescription, error) {
	answer := &atedbv1.DescribeAuthResponse{}
	if err := a.call(ctx, atedbv1.AuthService_DescribeAuth_FullMethodName, &atedbv1.DescribeAuthRequest{}, answer); err != nil {
		return nil, err
	}
	if answer.AuthServer != "" {
		return nil, fault.New(fault.Unsupported, "the server keeps no accounts and no groups: it says that %s does. Connect to that one, or name it as the auth server", answer.AuthServer).
			With("auth_server", answer.AuthServer)
	}
	return &AuthDescription{answer.CodeDelivery, answer.Terms}, nil
}

// Create a user. The error is REQUEST_INVALID for a name or a password that can't be, ACCOUNT_EXISTS, SIGN_UP_CLOSED, TERMS_NOT_ACCEPTED,
// ACCOUNT_LIMIT, MAIL_FAILED and others.
func (a *Accounts) Create(ctx context.Context, user NewUser) (*CreatedUser, error) {
	owner, err := userOf(user.Account)
	if err == nil {
		err = account.CheckPassword(user.Password)
	}
	if err != nil {
		return nil, err
	}
	key := user.Key
	if key == nil {
		if key, err = keys.Generate(); err != nil {
			return nil, err
		}
	}
	seed := make([]byte, 64)
	rand.Read(seed)
	defer clear(seed)
	sudoKey, err := keys.FromSeed(keys.MLDSA65Ed25519, seed, nil)
	if err != nil {
		return nil, err
	}
	recovery, err := account.MakeRecovery(owner.Text, key, sudoKey)
	if err != nil {
		return nil, err
	}
	made := account.NewSecrets{Account: owner.Text, Password: user.Password, Keys: []*keys.Pair{key}, SudoKey: sudoKey, RecoveryVault: recovery.Vault, TOTP: user.TOTPSecret, Costs: a.Costs}
	secrets, err := made.Message()
	if err != nil {
		return nil, err
	}
	hash := account.SecretsHash(secrets)
	fresh := account.UserKeys{SudoKey: sudoKey.Public(), RecoveryKey: recovery.Key.Public(), SecretsHash: hash[:]}
	created := &CreatedUser{Key: key, RecoveryCode: recovery.Code}
	if user.Key != nil {
		claimed, err := a.claimedBy(ctx, owner, key)
		if err != nil {
			return nil, err
		}
		if claimed != nil {
			if err := a.submit(ctx, owner, claimed, account.Rotate(fresh), secrets, key, sudoKey, recovery.Key); err != nil {
				return nil, err
			}
			return created, nil
		}
	}
	fresh.Key = key.Public()
	request := &atedbv1.CreateUserRequest{Act: account.NextAct(owner, nil, account.Create(fresh), time.Now().UnixMilli(), key, sudoKey, recovery.Key), Secrets: secrets}
	if user.AcceptedTerms != "" {
		hash := sha256.Sum256([]byte(user.AcceptedTerms))
		request.AcceptedTerms = hash[:]
	}
	answer := &atedbv1.CreateUserResponse{}
	if err := a.call(ctx, atedbv1.AuthService_CreateUser_FullMethodName, request, answer); err != nil {
		return nil, err
	}
	created.CodeSent = answer.CodeSent
	return created, nil
}

// Verify enters the code that was sent to an account, for the user of a key. The error is CODE_INVALID or ACCOUNT_EXISTS.
func (a *Accounts) Verify(ctx context.Context, name string, key keys.Fingerprint, code string) error {
	owner, err := userOf(name)
	if err != nil {
		return err
	}
	request := &atedbv1.VerifyUserRequest{Account: owner.Text, Fingerprint: key[:], Code: code}
	return a.call(ctx, atedbv1.AuthService_VerifyUser_FullMethodName, request, &atedbv1.VerifyUserResponse{})
}

// SendCode to an account that is unverified. The error is ACCOUNT_UNKNOWN, SIGN_UP_CLOSED, ACCOUNT_LIMIT or MAIL_FAILED.
func (a *Accounts) SendCode(ctx context.Context, name string) error {
	owner, err := userOf(name)
	if err != nil {
		return err
	}
	return a.call(ctx, atedbv1.AuthService_SendCode_FullMethodName, &atedbv1.SendCodeRequest{Account: owner.Text}, &atedbv1.SendCodeResponse{})
}

// Read an account's acts, verified from the keys that the first one names. That it is the user whom one means, the fingerprint of its key says. The
// error is ACCOUNT_UNKNOWN, or VERIFICATION_FAILED where they are not an account's.
func (a *Accounts) Read(ctx context.Context, name string) (*VerifiedAccount, error) {
	owner, err := userOf(name)
	if err != nil {
		return nil, err
	}
	var acts []*account.Act
	for {
		page := &atedbv1.GetActsResponse{}
		request := &atedbv1.GetActsRequest{Account: owner.Text, FromVersion: uint64(len(acts))}
		if err := a.call(ctx, atedbv1.AuthService_GetActs_FullMethodName, request, page); err != nil {
			return nil, err
		}
		for _, message := range page.Acts {
			act, err := account.Parse(message)
			if err != nil {
				return nil, untrueActs(owner, err)
			}
			acts = append(acts, act)
		}
		if uint64(len(acts)) < page.ActsInAll {
			if len(page.Acts) == 0 || len(acts) > actsMax {
				return nil, untrueActs(owner, errors.New("they have no end"))
			}
			continue
		}
		user, err := account.VerifyUser(owner.Text, acts)
		if err != nil {
			return nil, untrueActs(owner, err)
		}
		return &VerifiedAccount{user.Version, user.Keys.Key, user.Keys.Sudo(), user.Keys.RecoveryKey, user.Removed, page.Unverified, user}, nil
	}
}

func untrueActs(owner event.Owner, err error) error {
	return fault.New(fault.VerificationFailed, "what the server shows as the acts of %s is no account's line: %s", owner.Text, fault.Text(err)).With("account", owner.Text).From(err)
}

// Sudo logs in, and shows the second factor, if there is one: for what changes the account. The error is LOGIN_FAILED, also where the code is
// missing, LOGIN_LOCKED, VERIFICATION_FAILED where the server keeps other secrets than the account's acts have the hash of, and as of Login.
func (a *Accounts) Sudo(ctx context.Context, with Credentials) (*Sudo, error) {
	opened, err := a.client.login(ctx, with)
	if err != nil {
		return nil, err
	}
	defer opened.opening.Close()
	if len(opened.secrets) == 0 {
		return nil, fault.New(fault.LoginFailed, "the account %s has a second factor, and this needs a code of it", opened.owner.Text).With("account", opened.owner.Text)
	}
	is, err := a.Read(ctx, opened.owner.Text)
	if err != nil {
		return nil, err
	}
	secrets, err := is.checked(opened.secrets)
	if err != nil {
		return nil, err
	}
	all, err := opened.opening.Open(account.SudoVault, secrets.SudoVault)
	if err != nil {
		return nil, err
	}
	if !is.areKeys(opened.Key, all[0]) {
		return nil, account.VaultFailed("sudo")
	}
	return &Sudo{opened.Login, all[0], is, secrets}, nil
}

// checked are the secrets of the account, if they are those that its acts have the hash of. The error is VERIFICATION_FAILED.
func (v *VerifiedAccount) checked(message []byte) (*account.Secrets, error) {
	if hash := account.SecretsHash(message); !slices.Equal(hash[:], v.user.Keys.SecretsHash) {
		return nil, account.VaultFailed("secrets")
	}
	return account.ParseSecrets(message)
}

func (v *VerifiedAccount) areKeys(key, sudoKey *keys.Pair) bool {
	return key.Public().Fingerprint() == v.Key.Fingerprint() && sudoKey.Public().Fingerprint() == v.SudoKey.Fingerprint()
}

// ChangePassword replaces the password. The error is REQUEST_INVALID for one that can't be, VERSION_CONFLICT where the account was changed
// meanwhile, and as of Sudo.
func (a *Accounts) ChangePassword(ctx context.Context, with Credentials, newPassword string) error {
	if err := account.CheckPassword(newPassword); err != nil {
		return err
	}
	sudo, err := a.Sudo(ctx, with)
	if err != nil {
		return err
	}
	return a.replaceSecrets(ctx, with.Account, sudo, newPassword, sudo.secrets.TOTP)
}

// ChangeSecondFactor replaces the secret of the second factor; nil: there is none any more. The error is as of ChangePassword.
func (a *Accounts) ChangeSecondFactor(ctx context.Context, with Credentials, secret []byte) error {
	sudo, err := a.Sudo(ctx, with)
	if err != nil {
		return err
	}
	return a.replaceSecrets(ctx, with.Account, sudo, with.Password, secret)
}

func (a *Accounts) replaceSecrets(ctx context.Context, name string, sudo *Sudo, password string, totp []byte) error {
	owner, err := userOf(name)
	if err != nil {
		return err
	}
	made := account.NewSecrets{Account: owner.Text, Password: password, Keys: sudo.allKeys(), SudoKey: sudo.SudoKey, RecoveryVault: sudo.secrets.RecoveryVault, TOTP: totp, Costs: a.Costs}
	secrets, err := made.Message()
	if err != nil {
		return err
	}
	return a.submit(ctx, owner, sudo.Account.user, account.ChangeSecrets(account.SecretsHash(secrets)), secrets, sudo.SudoKey)
}

func (s *Sudo) allKeys() []*keys.Pair { return append([]*keys.Pair{s.Key}, s.FormerKeys...) }

// RotateKey replaces the user's key, as one does whose key was stolen: the new one has its place in all chains of the user, and the old one counts
// nowhere any more. It stays in the vaults, and opens what was sealed for it. The recovery code is replaced, too. The error is VERSION_CONFLICT,
// TOO_MANY_KEYS, and as of Sudo.
func (a *Accounts) RotateKey(ctx context.Context, with Credentials) (*Renewed, error) {
	sudo, err := a.Sudo(ctx, with)
	if err != nil {
		return nil, err
	}
	key, err := keys.Generate()
	if err != nil {
		return nil, err
	}
	former := sudo.allKeys()
	former = former[:min(len(former), account.FormerKeysMax)]
	recovery, err := account.MakeRecovery(sudo.Account.user.Name, append([]*keys.Pair{key, sudo.SudoKey}, former...)...)
	if err != nil {
		return nil, err
	}
	made := account.NewSecrets{Account: sudo.Account.user.Name, Password: with.Password, Keys: append([]*keys.Pair{key}, former...), SudoKey: sudo.SudoKey, RecoveryVault: recovery.Vault, TOTP: sudo.secrets.TOTP, Costs: a.Costs}
	secrets, err := made.Message()
	if err != nil {
		return nil, err
	}
	hash := account.SecretsHash(secrets)
	owner, err := userOf(with.Account)
	if err != nil {
		return nil, err
	}
	change := account.Rotate(account.UserKeys{Key: key.Public(), RecoveryKey: recovery.Key.Public(), SecretsHash: hash[:]})
	if err := a.submit(ctx, owner, sudo.Account.user, change, secrets, sudo.SudoKey, key, recovery.Key); err != nil {
		return nil, err
	}
	return &Renewed{key, former, recovery.Code}, nil
}

// RevokeDelegation has a delegated key count no more in any chain of a user, also in those to come; by is the user's key, or that of sudo. The error is
// ACCOUNT_UNKNOWN, ACT_NOT_ALLOWED for another key, ACT_INVALID where it was taken back already, TOO_MANY_KEYS, VERSION_CONFLICT.
func (a *Accounts) RevokeDelegation(ctx context.Context, name string, delegated keys.Fingerprint, by *keys.Pair) error {
	owner, err := userOf(name)
	if err != nil {
		return err
	}
	is, err := a.Read(ctx, name)
	if err != nil {
		return err
	}
	return a.submit(ctx, owner, is.user, account.Revoke(delegated), nil, by)
}

// Remove an account, for good. Its chains take nothing any more. The error is VERSION_CONFLICT, and as of Sudo.
func (a *Accounts) Remove(ctx context.Context, with Credentials) error {
	sudo, err := a.Sudo(ctx, with)
	if err != nil {
		return err
	}
	owner, err := userOf(with.Account)
	if err != nil {
		return err
	}
	return a.submit(ctx, owner, sudo.Account.user, account.Remove(), nil, sudo.SudoKey)
}

// claimedBy is an account that has a key and no password, if this is the key; nil: there is none.
func (a *Accounts) claimedBy(ctx context.Context, owner event.Owner, key *keys.Pair) (*account.User, error) {
	is, err := a.Read(ctx, owner.Text)
	if errors.Is(err, fault.AccountUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if is.Key.Fingerprint() != key.Public().Fingerprint() || is.user.Keys.SecretsHash != nil || is.Removed {
		return nil, nil
	}
	return is.user, nil
}

func (a *Accounts) submit(ctx context.Context, owner event.Owner, before *account.User, change account.Change, secrets []byte, signers ...*keys.Pair) error {
	act := account.NextAct(owner, before, change, time.Now().UnixMilli(), signers...)
	request := &atedbv1.SubmitActRequest{Act: act, Secrets: secrets}
	return a.call(ctx, atedbv1.AuthService_SubmitAct_FullMethodName, request, &atedbv1.SubmitActResponse{})
}

// call the server that keeps accounts, over an encrypted connection.
func (a *Accounts) call(ctx context.Context, method string, request, answer proto.Message) error {
	server, err := a.client.accounts()
	if err != nil {
		return err
	}
	ctx, cancel := a.client.deadline(ctx)
	defer cancel()
	bytes, err := server.conn.Unary(ctx, method, encode(request), nil)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(bytes, answer); err != nil {
		return unreadable(err.Error())
	}
	return nil
}
