// The product's mark: a frame on two wheels.
export function Logo({ size = 40 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" role="img" aria-label="Chassis">
      <rect width="32" height="32" rx="7" fill="#0b6670" />
      <path
        d="M8 21.5h16M10 21.5v-11M22 21.5v-11M10 10.5h12M10 16h12"
        fill="none"
        stroke="#fff"
        strokeWidth="2.4"
        strokeLinecap="round"
      />
      <circle cx="10" cy="21.5" r="2.6" fill="#fff" />
      <circle cx="22" cy="21.5" r="2.6" fill="#fff" />
    </svg>
  )
}
