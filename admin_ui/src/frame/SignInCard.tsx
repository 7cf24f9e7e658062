// The card of pages that stand before anybody is known, in either language.
import { useId, type ReactNode } from 'react'
import { LanguageSwitch } from './LanguageSwitch'
import { Logo } from './Logo'

export function SignInCard({ title, children }: { title: string; children: ReactNode }) {
  const titleId = useId()
  return (
    <div className="sign-in">
      <div className="sign-in-language">
        <LanguageSwitch />
      </div>
      <main className="sign-in-card" aria-labelledby={titleId}>
        <Logo />
        <h1 id={titleId}>{title}</h1>
        {children}
      </main>
    </div>
  )
}
