// The sign-in page, in either language before anybody is known.
import { useTranslation } from 'react-i18next'
import { LanguageSwitch } from './LanguageSwitch'
import { Logo } from './Logo'
import { SignInForm } from './SignInForm'

export function SignIn({ isPending, onSignedIn }: { isPending?: boolean; onSignedIn: () => void }) {
  const { t } = useTranslation()
  return (
    <div className="sign-in">
      <div className="sign-in-language">
        <LanguageSwitch />
      </div>
      <main className="sign-in-card" aria-labelledby="sign-in-title">
        <Logo />
        <h1 id="sign-in-title">{t('signIn.title')}</h1>
        <p className="muted">{t('signIn.lead')}</p>
        <SignInForm isPending={isPending} onSignedIn={onSignedIn} />
      </main>
    </div>
  )
}
