/* SPDX-License-Identifier: Apache-2.0 */
/* What a Java program does with a token through SunPKCS11. Arguments: the provider's configuration, a certificate's file name without its end. */

import java.io.FileInputStream;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.KeyGenerator;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

public class Client {
	private static final byte[] MESSAGE = "a message".getBytes(StandardCharsets.UTF_8);
	private static int passed, failed;
	private static Provider token;
	private static KeyStore store;

	private interface Test {
		boolean run() throws Exception;
	}

	private static void check(String what, Test test) {
		try {
			if (test.run()) {
				passed++;
				return;
			}
			System.out.println("FAIL: " + what);
		} catch (Exception e) {
			System.out.println("FAIL: " + what + ": " + e + (e.getCause() == null ? "" : ", " + e.getCause()));
		}
		failed++;
	}

	/* By the token, then verified by the token and by Java's own code. */
	private static boolean signs(String algorithm, PrivateKey key, PublicKey publicKey) throws Exception {
		Signature signer = Signature.getInstance(algorithm, token);
		signer.initSign(key);
		signer.update(MESSAGE, 0, 4);
		signer.update(MESSAGE, 4, MESSAGE.length - 4);
		byte[] signature = signer.sign();
		PublicKey own = KeyFactory.getInstance(publicKey.getAlgorithm()).generatePublic(new X509EncodedKeySpec(publicKey.getEncoded()));
		for (Signature verifier : new Signature[] { Signature.getInstance(algorithm, token), Signature.getInstance(algorithm) }) {
			verifier.initVerify(verifier.getProvider() == token ? publicKey : own);
			verifier.update(MESSAGE);
			if (!verifier.verify(signature))
				return false;
			verifier.initVerify(verifier.getProvider() == token ? publicKey : own);
			verifier.update(MESSAGE, 0, 4);
			if (verifier.verify(signature))
				return false;
		}
		return true;
	}

	private static KeyPair pair(String algorithm, String curve, int bits) throws Exception {
		KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm, token);
		if (curve != null)
			generator.initialize(new ECGenParameterSpec(curve));
		else
			generator.initialize(bits);
		return generator.generateKeyPair();
	}

	private static void signatures() {
		for (String curve : new String[] { "secp256r1", "secp384r1", "secp521r1" })
			check("ECDSA, " + curve, () -> {
				KeyPair pair = pair("EC", curve, 0);
				return signs("SHA256withECDSA", pair.getPrivate(), pair.getPublic()) &&
				       signs("SHA512withECDSA", pair.getPrivate(), pair.getPublic());
			});
		for (String hash : new String[] { "SHA256", "SHA384", "SHA512" })
			check(hash + "withRSA", () -> {
				KeyPair pair = pair("RSA", null, 2048);
				return signs(hash + "withRSA", pair.getPrivate(), pair.getPublic());
			});
	}

	private static void agreement() {
		check("ECDH", () -> {
			KeyPair one = pair("EC", "secp256r1", 0), other = pair("EC", "secp256r1", 0);
			KeyAgreement a = KeyAgreement.getInstance("ECDH", token), b = KeyAgreement.getInstance("ECDH", token);
			a.init(one.getPrivate());
			a.doPhase(other.getPublic(), true);
			b.init(other.getPrivate());
			b.doPhase(one.getPublic(), true);
			return Arrays.equals(a.generateSecret(), b.generateSecret());
		});
	}

	private static byte[] cipher(int mode, String name, Provider provider, Key key, byte[] iv, byte[] data) throws Exception {
		Cipher c = provider == null ? Cipher.getInstance(name) : Cipher.getInstance(name, provider);
		c.init(mode, key, name.contains("GCM") ? new GCMParameterSpec(128, iv) : new IvParameterSpec(iv));
		if (name.contains("GCM"))
			c.updateAAD(MESSAGE);
		return c.doFinal(data);
	}

	private static void ciphers() {
		byte[] raw = new byte[32], iv = new byte[16], shorter = new byte[12], data = new byte[1000];
		new SecureRandom().nextBytes(raw);
		new SecureRandom().nextBytes(iv);
		SecretKey own = new SecretKeySpec(raw, "AES");
		for (String name : new String[] { "AES/CBC/PKCS5Padding", "AES/CTR/NoPadding", "AES/GCM/NoPadding" })
			check(name, () -> {
				byte[] nonce = name.contains("GCM") ? shorter : iv;
				byte[] sealed = cipher(Cipher.ENCRYPT_MODE, name, token, own, nonce, data);
				return Arrays.equals(sealed, cipher(Cipher.ENCRYPT_MODE, name, null, own, nonce, data)) &&
				       Arrays.equals(data, cipher(Cipher.DECRYPT_MODE, name, token, own, nonce, sealed));
			});
		check("a generated AES key", () -> {
			KeyGenerator generator = KeyGenerator.getInstance("AES", token);
			generator.init(256);
			SecretKey key = generator.generateKey();
			byte[] sealed = cipher(Cipher.ENCRYPT_MODE, "AES/CBC/PKCS5Padding", token, key, iv, data);
			return Arrays.equals(data, cipher(Cipher.DECRYPT_MODE, "AES/CBC/PKCS5Padding", token, key, iv, sealed));
		});
		check("HmacSHA256", () -> {
			Mac mac = Mac.getInstance("HmacSHA256", token), javas = Mac.getInstance("HmacSHA256");
			mac.init(new SecretKeySpec(raw, "HmacSHA256"));
			javas.init(new SecretKeySpec(raw, "HmacSHA256"));
			return Arrays.equals(mac.doFinal(MESSAGE), javas.doFinal(MESSAGE));
		});
		for (String name : new String[] { "SHA-256", "SHA-512", "SHA3-256" })
			check(name, () -> Arrays.equals(MessageDigest.getInstance(name, token).digest(MESSAGE),
						       MessageDigest.getInstance(name).digest(MESSAGE)));
		check("random numbers", () -> {
			byte[] random = new byte[32];
			SecureRandom.getInstance("PKCS11", token).nextBytes(random);
			return !Arrays.equals(random, new byte[32]);
		});
	}

	/* A key and its certificate, made by OpenSSL, put into the token, and found there by another login. */
	private static void entries(String file, char[] pin) throws Exception {
		Certificate certificate;
		try (FileInputStream in = new FileInputStream(file + ".pem")) {
			certificate = CertificateFactory.getInstance("X.509").generateCertificate(in);
		}
		PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(file + ".key"))));
		check("a key and its certificate are stored", () -> {
			store.setKeyEntry("stored", key, null, new Certificate[] { certificate });
			return true;
		});
		check("and are listed", () -> {
			KeyStore again = KeyStore.getInstance("PKCS11", token);
			again.load(null, pin);
			return Collections.list(again.aliases()).contains("stored") && again.isKeyEntry("stored") &&
			       again.getCertificate("stored").equals(certificate);
		});
		check("and sign", () -> signs("SHA256withECDSA", (PrivateKey) store.getKey("stored", null), certificate.getPublicKey()));
		check("and are deleted", () -> {
			store.deleteEntry("stored");
			return !store.containsAlias("stored");
		});
	}

	public static void main(String[] arguments) throws Exception {
		char[] pin = System.getenv("USER_PIN").toCharArray();
		token = Security.getProvider("SunPKCS11").configure(arguments[0]);
		Security.addProvider(token);
		store = KeyStore.getInstance("PKCS11", token);
		store.load(null, pin);
		signatures();
		agreement();
		ciphers();
		entries(arguments[1], pin);
		System.out.println(passed + " passed, " + failed + " failed");
		System.exit(failed == 0 ? 0 : 1);
	}
}
