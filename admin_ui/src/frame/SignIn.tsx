// The sign-in page, in either language before anybody is known.
import { useTranslation } from 'react-i18next'
import { SignInCard } from './SignInCard'
import { SignInForm } from './SignInForm'

export function SignIn({ isPending, onSignedIn }: { isPending?: boolean; onSignedIn: () => void }) {
  const { t } = useTranslation()
  return (
    <SignInCard title={t('signIn.title')}>
      <p className="muted">{t('signIn.lead')}</p>
      <SignInForm isPending={isPending} onSignedIn={onSignedIn} />
    </SignInCard>
  )
}
