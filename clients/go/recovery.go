package atedb

import (
	"context"
	"slices"
	"time"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/account"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/keys"
)

// A LostAccount is one whose password or second factor is lost.
type LostAccount struct {
	// Account is name@domain, and RecoveryCode as it was shown.
	Account, RecoveryCode, NewPassword string
	// TOTPSecret of the new second factor; nil: there is none any more.
	TOTPSecret []byte
	// AskCode is asked for the code that was sent to the account, where codes are sent; nil: nobody is.
	AskCode func(context.Context) (string, error)
}

// recoveryTimeout is time enough to fetch a mail; the server takes no longer either.
const recoveryTimeout = 15 * time.Minute

// Recover an account with its recovery code: it gets a new password, a new code, and another second factor or none. The error is LOGIN_FAILED,
// LOGIN_LOCKED, REQUEST_INVALID for a code or a password that can't be, VERIFICATION_FAILED and others.
func (a *Accounts) Recover(ctx context.Context, lost LostAccount) (*Renewed, error) {
	owner, err := userOf(lost.Account)
	if err == nil {
		err = account.CheckPassword(lost.NewPassword)
	}
	if err != nil {
		return nil, err
	}
	opening, err := account.FromRecoveryCode(lost.RecoveryCode, owner.Text)
	if err != nil {
		return nil, err
	}
	defer opening.Close()
	server, err := a.client.accounts()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, recoveryTimeout)
	defer cancel()
	stream, err := server.conn.NewStream(ctx, atedbv1.AuthService_Recover_FullMethodName, nil)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	say := func(request *atedbv1.RecoverRequest) (*atedbv1.RecoverResponse, error) {
		answer := &atedbv1.RecoverResponse{}
		return answer, converse(stream, server.conn.Server(), request, answer)
	}
	answer, err := say(&atedbv1.RecoverRequest{Message: &atedbv1.RecoverRequest_Account{Account: owner.Text}})
	if err != nil {
		return nil, err
	}
	if answer.GetChallenge() == nil {
		return nil, unreadable("a challenge was due")
	}
	claim, err := provenClaim(server.conn, answer.GetChallenge())
	if err != nil {
		return nil, err
	}
	signed := slices.Concat(exporterOf(stream), claim, []byte(owner.Text))
	proof := &atedbv1.LoginProof{Signature: sign(opening.Signer, crypt.ContextRecovery, signed)}
	if answer, err = say(&atedbv1.RecoverRequest{Message: &atedbv1.RecoverRequest_Proof{Proof: proof}}); err != nil {
		return nil, err
	}
	switch {
	case answer.GetProven() == nil:
		return nil, unreadable("what the recovery code is was due")
	case answer.GetProven().CodeSent:
		if answer, err = a.sentCode(ctx, lost, say); err != nil {
			return nil, err
		}
	default:
		answer = &atedbv1.RecoverResponse{}
		if err := next(stream, server.conn.Server(), answer); err != nil {
			return nil, err
		}
	}
	if answer.GetGrant() == nil {
		return nil, unreadable("what recovering gives was due")
	}
	act, secrets, renewed, err := a.recovered(ctx, owner, lost, opening, answer.GetGrant().Secrets)
	if err != nil {
		return nil, err
	}
	answer, err = say(&atedbv1.RecoverRequest{Message: &atedbv1.RecoverRequest_Change{Change: &atedbv1.SubmitActRequest{Act: act, Secrets: secrets}}})
	if err != nil {
		return nil, err
	}
	if answer.GetChanged() == nil {
		return nil, unreadable("that the account was changed was due")
	}
	return renewed, nil
}

// sentCode enters the code that was sent to an account.
func (a *Accounts) sentCode(ctx context.Context, lost LostAccount, say func(*atedbv1.RecoverRequest) (*atedbv1.RecoverResponse, error)) (*atedbv1.RecoverResponse, error) {
	if lost.AskCode == nil {
		return nil, fault.New(fault.CodeInvalid, "a code was sent to %s, and nobody is there to be asked for it: give AskCode", lost.Account).With("account", lost.Account)
	}
	code, err := lost.AskCode(ctx)
	if err != nil {
		return nil, err
	}
	return say(&atedbv1.RecoverRequest{Message: &atedbv1.RecoverRequest_Code{Code: code}})
}

// recovered makes the act that replaces what was lost, of what the recovery code opens, which is checked against the account's acts.
func (a *Accounts) recovered(ctx context.Context, owner event.Owner, lost LostAccount, opening *account.Opening, message []byte) (act, made []byte, renewed *Renewed, err error) {
	is, err := a.Read(ctx, owner.Text)
	if err != nil {
		return nil, nil, nil, err
	}
	secrets, err := is.checked(message)
	if err != nil {
		return nil, nil, nil, err
	}
	all, err := opening.Open(account.RecoveryVault, secrets.RecoveryVault)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(all) < 2 || !is.areKeys(all[0], all[1]) {
		return nil, nil, nil, account.VaultFailed("recovery")
	}
	key, sudoKey, former := all[0], all[1], all[2:]
	recovery, err := account.MakeRecovery(owner.Text, all...)
	if err != nil {
		return nil, nil, nil, err
	}
	next := account.NewSecrets{Account: owner.Text, Password: lost.NewPassword, Keys: append([]*keys.Pair{key}, former...), SudoKey: sudoKey, RecoveryVault: recovery.Vault, TOTP: lost.TOTPSecret, Costs: a.Costs}
	if made, err = next.Message(); err != nil {
		return nil, nil, nil, err
	}
	hash := account.SecretsHash(made)
	change := account.Rotate(account.UserKeys{RecoveryKey: recovery.Key.Public(), SecretsHash: hash[:]})
	act = account.NextAct(owner, is.user, change, time.Now().UnixMilli(), opening.Signer, recovery.Key)
	return act, made, &Renewed{key, former, recovery.Code}, nil
}
